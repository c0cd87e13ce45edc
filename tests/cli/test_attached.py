"""Files and slash commands in a terminal."""

import base64
import json
from typing import Any

from tests.support.ctl import Here
from tests.support.daemon import wait_for
from tests.support.pictures import png

PNG = png()


def put(here: Here) -> None:
    (here.daemon.work / "dot.png").write_bytes(PNG)
    (here.daemon.work / "notes.md").write_text("# One\ntwo\n")


def test_what_is_attached_is_sent_and_told_in_the_transcript(here: Here) -> None:
    put(here)
    conversation = here.new()
    here("send", conversation, "emit 1", "--image", "dot.png", "--attach", "notes.md", "--follow")

    assert here.said(conversation)[:2] == [
        f"You sent a picture (image/png, {len(PNG)} bytes).",
        "You sent the file notes.md (2 lines).",
    ]
    shown = here("show", conversation).stderr.splitlines()
    place = shown.index("> emit 1")
    assert shown[place + 1 : place + 3] == ["  [image dot.png 1.9 kB]", "  [file notes.md 10 B]"]


def test_run_takes_files_too_and_a_picture_may_be_all_that_is_said(here: Here) -> None:
    put(here)
    made = here("run", "", "--agent", "demo", "--attach", "dot.png", "--detach").stdout.strip()
    here.daemon.ended(made)

    assert "> [image dot.png 1.9 kB]" in here("show", made).stderr
    assert "the message is empty" in here("send", made, " ", code=2).stderr


def test_what_waits_is_listed_with_its_files(here: Here) -> None:
    put(here)
    conversation = here.new()
    here("send", conversation, "sleep 600")
    here.running(conversation)
    here("send", conversation, "look", "--attach", "dot.png")

    assert "look [image dot.png 1.9 kB]" in here("queue", "ls", conversation).stdout
    here("stop", conversation)


def test_a_file_that_cannot_be_sent_is_named(here: Here) -> None:
    put(here)
    (here.daemon.work / "a.bin").write_bytes(b"\0\1")
    conversation = here.new()

    assert "gone.png: No such file" in here("send", conversation, "x", "--attach", "gone.png", code=2).stderr
    assert "a.bin is neither" in here("send", conversation, "x", "--attach", "a.bin", code=2).stderr
    assert here.daemon.latest(conversation) is None


def test_an_export_has_the_files_whole_in_json_and_by_name_in_markdown(here: Here) -> None:
    put(here)
    conversation = here.new()
    here("send", conversation, "emit 1", "--attach", "dot.png", "-f")
    document: Any = json.loads(here("export", conversation, "--format", "json").stdout)
    [begun] = [event for event in document["events"] if event["type"] == "turn.started"]

    assert base64.b64decode(begun["data"]["body"]["attached"][0]["data"]) == PNG
    assert "> `[image dot.png 1.9 kB]`" in here("export", conversation).stdout


def test_the_slash_commands_of_the_agent_are_listed(here: Here) -> None:
    conversation = here.new()
    here("send", conversation, "/emit 1", "-f")
    wait_for(lambda: here.json("show", conversation, "--commands")["commands"], "the commands")

    shown = here("show", conversation, "--commands").stdout
    assert "/tour" in shown
    assert "What a page can show, in a minute" in shown
