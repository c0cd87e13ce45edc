"""What an update has brought is shown as soon as the update is said to be done."""

import os
from pathlib import Path

from tests.support import signin
from tests.support.daemon import Daemon, wait_for


def test_a_page_that_says_done_says_the_new_version(tmp_path: Path) -> None:
    """Although the program takes a second to say it."""
    signin.install(tmp_path / "bin")
    daemon = Daemon(tmp_path, PATH=f"{tmp_path}/bin:{os.environ['PATH']}")
    (tmp_path / "home" / ".slow").touch()
    try:
        daemon.start()
        wait_for(lambda: daemon.api("GET", "/agents/claude-code")["version"] == "1.2.3", "the search")
        daemon.api("POST", "/agents/claude-code/update", {})
        wait_for(lambda: daemon.api("GET", "/terminals")["terminals"][0]["ended"], "the update to end")
        row = (
            daemon.request("GET", "/agents")[1]
            .decode()
            .partition('id="a-claude-code"')[2]
            .partition("</li>")[0]
        )
        assert "Done." in row
        assert "1.3.0" in row
    finally:
        daemon.close()
