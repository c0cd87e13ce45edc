"""Agents, folders, tokens, and what comes later."""

from pathlib import Path

import pytest

from tests.http.conftest import Served


def test_agents_are_listed_with_what_they_can(served: Served) -> None:
    agents = {one["id"]: one for one in served.api("GET", "/agents")["agents"]}

    assert agents["demo"]["installed"] is True
    assert agents["claude-code"]["installed"] is False
    assert "Install it with" in agents["claude-code"]["problem"]
    assert agents["demo"].keys() >= {
        "id",
        "name",
        "icon",
        "path",
        "version",
        "protocol",
        "installed",
        "auth",
        "capabilities",
    }
    assert served.api("GET", "/agents/demo") == agents["demo"]
    served.api("GET", "/agents/nobody", status=404)
    assert [one["id"] for one in served.api("POST", "/agents/search", {"query": "CLAUDE"})] == ["claude-code"]
    assert served.api("GET", "/agents/demo/descriptor")["capabilities"]["resume"] is True
    assert served.api("GET", "/agents/demo/models")["models"][0]["label"] == "Default"
    assert len(served.api("POST", "/agents/rescan")["agents"]) == len(agents)


def test_what_agents_can_do_is_not_the_same_of_all(served: Served) -> None:
    """Also of those that were never heard: what their protocol has, and what the catalogue knows."""
    agents = {one["id"]: one["capabilities"] for one in served.api("GET", "/agents")["agents"]}

    assert all(can["streaming"] and can["cancel"] and can["approvals"] for can in agents.values())
    assert {id_ for id_, can in agents.items() if can["steer"]} == {"claude-code", "codex", "pi", "demo"}
    assert {id_ for id_, can in agents.items() if can["terminals"]} == {"fast-agent"}
    assert {id_ for id_, can in agents.items() if not can["commands"]} == {"codex", "pi"}
    assert {id_ for id_, can in agents.items() if not can["models"]} == {"demo"}
    words = served.api("GET", "/agents/codex")["can"]
    assert (
        words
        == "Its protocol has: modes ask, accept edits, plan, bypass · models · resume · steering · images"
    )


def test_folders_are_listed_and_made(served: Served) -> None:
    root = served.root / "tree"
    for name in ("b", "A", ".hidden"):
        (root / name).mkdir(parents=True)
    (root / "file").touch()

    assert served.api("POST", "/folders", {"path": str(root)})["folders"] == [{"name": "A"}, {"name": "b"}]
    made = served.ask("POST", "/api/folders/create", {"path": str(root / "x/y")})
    assert made.status == 201
    assert Path(made.json["path"]).is_dir()
    served.api("POST", "/folders/create", {"path": str(root / "x/y")}, status=409)
    served.api("POST", "/folders", {"path": "relative"}, status=400)
    served.api("POST", "/folders", {"path": str(root / "none")}, status=404)
    served.api("POST", "/folders", {"path": str(root / "file")}, status=400)
    assert served.api("GET", "/home")["cwd"] == str(served.root / "work")


def test_status_and_version(served: Served) -> None:
    status = served.api("GET", "/status")
    assert status["position"] == served.parts.log.position
    assert status["logId"] == served.parts.log.id
    assert served.api("GET", "/version")["version"] == status["version"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/runs"), ("GET", "/runs/x/wait"), ("POST", "/threads/x/copy"), ("POST", "/stt"), ("GET", "/voices"),
     ("GET", "/search?q=x"), ("GET", "/conversations/xxxx/git/status"), ("PUT", "/conversations/xxxx/files/a/b"),
     ("POST", "/upload/x"), ("GET", "/storage")],
)  # fmt: skip
def test_what_comes_later_says_so(served: Served, method: str, path: str) -> None:
    problem = served.api(method, path, {} if method != "GET" else None, status=410)
    assert problem["error"]


def test_tokens_end_by_themselves_only_when_asked_to(served: Served) -> None:
    forever = served.api("POST", "/tokens", {"name": "forever"})
    month = served.api("POST", "/tokens", {"name": "month", "expiresIn": 30 * 86400, "scope": "read"})

    assert forever["expires_at"] is None
    assert month["expires_at"] > 0
    for bad in (0, -1, 10**12):
        served.api("POST", "/tokens", {"name": "x", "expiresIn": bad}, status=400)
    served.api("POST", "/tokens", {"name": "x", "scope": "root"}, status=400)
    served.api("POST", "/tokens", {"name": ""}, status=400)
    served.api("DELETE", "/tokens/nobody", status=404)
