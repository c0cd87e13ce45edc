"""Pictures and texts on their way to an agent: given whole and once, through queues, crashes and retries; gone with their conversation."""

from tests.sessions.acp import Mine, ask, told
from tests.support.daemon import Daemon, wait_for
from tests.support.pictures import attachment, png

PNG = png()
FILES = [attachment("dot.png", PNG), attachment("notes.md", b"# One\ntwo\n")]
GOT = [f"You sent a picture (image/png, {len(PNG)} bytes).", "You sent the file notes.md (2 lines)."]
EAGER = (
    "import agentguid.effects.forget as forget; forget.LOOK = 0.2; forget.COLLECT = 0.0; forget.RESTING = 0.0"
)
"""A daemon that collects blobs all the time, as another does once an hour."""


def said(daemon: Daemon, conversation: str) -> list[str]:
    found = daemon.events(0, conversation)
    bodies = [event["data"] for event in found if event["type"] == "item.added"]
    return [data["body"]["text"] for data in bodies if data["kind"] == "message"]


def blobs(daemon: Daemon) -> list[str]:
    return [path.name for path in (daemon.data / "blobs").glob("??/*")]


def test_the_agent_gets_what_was_attached(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    turn = daemon.send(conversation, "emit 1", attachments=FILES)["session"]["id"]

    assert daemon.ended(conversation, turn)["status"] == "complete"
    assert said(daemon, conversation)[:2] == GOT
    [begun] = [event for event in daemon.events(0, conversation) if event["type"] == "turn.started"]
    assert [one["name"] for one in begun["data"]["body"]["attached"]] == ["dot.png", "notes.md"]
    assert len(str(begun)) < 2000, "an event names files and does not hold them"


def test_what_waits_outlives_the_daemon_with_its_files_and_changed_words(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    daemon.send(conversation, "sleep 600")
    message = daemon.send(conversation, "fail", attachments=FILES)["message"]["id"]
    daemon.api("PATCH", f"/conversations/{conversation}/queue/{message}", {"content": "emit 1"})
    daemon.kill()
    daemon.start()
    [waits] = daemon.api("GET", f"/conversations/{conversation}/queue")["queue"]
    assert [one["name"] for one in waits["attachments"]] == ["dot.png", "notes.md"]
    daemon.api("POST", f"/conversations/{conversation}/cancel", {})

    wait_for(lambda: len(said(daemon, conversation)) == 3, "the next turn")
    assert said(daemon, conversation)[:2] == GOT
    assert daemon.ended(conversation)["status"] == "complete"


def test_files_go_into_a_running_turn_once_although_the_daemon_dies(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    turn = daemon.send(conversation, "sleep 4; emit 1")["session"]["id"]
    wait_for(lambda: f"prompt:{turn}" in daemon.inputs(), "the prompt to be given")
    daemon.send(conversation, "See here.", attachments=FILES, steer=True)
    wait_for(lambda: any(name.startswith("steer:") for name in daemon.inputs()), "it to be given")
    daemon.kill()
    daemon.start()

    assert daemon.ended(conversation, turn)["status"] == "complete"
    assert said(daemon, conversation)[0] == f"While I worked you said: See here. {GOT[0]} {GOT[1]}"
    [steered] = [event for event in daemon.events(0, conversation) if event["type"] == "message.steered"]
    assert [one["name"] for one in steered["data"]["body"]["attached"]] == ["dot.png", "notes.md"]


def test_commands_are_known_once_the_agent_has_begun_and_a_message_may_begin_with_one(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    path = f"/conversations/{conversation}/commands"
    assert daemon.api("GET", path) == {"commands": []}
    daemon.ended(conversation, daemon.send(conversation, "/emit 2")["session"]["id"])

    told = {one["name"]: one for one in daemon.api("GET", path)["commands"]}
    assert told["tour"] == {
        "name": "tour",
        "description": "What a page can show, in a minute",
        "hint": "[fast]",
    }
    assert len(said(daemon, conversation)) == 2
    other = daemon.conversation()
    assert {one["name"] for one in daemon.api("GET", f"/conversations/{other}/commands")["commands"]} == set(
        told
    )


def test_they_are_known_again_after_a_restart_as_long_as_the_agent_lives(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    daemon.ended(conversation, daemon.send(conversation, "emit 1")["session"]["id"])
    daemon.kill()
    daemon.start()

    path = f"/conversations/{conversation}/commands"
    wait_for(lambda: daemon.api("GET", path)["commands"], "the commands")


def test_a_picture_goes_with_the_last_conversation_that_names_it(daemon: Daemon) -> None:
    first, second = daemon.conversation(), daemon.conversation()
    for conversation in (first, second):
        daemon.ended(conversation, daemon.send(conversation, "emit 1", attachments=FILES)["session"]["id"])
    daemon.stop()
    daemon.start(first=EAGER)
    kept = sorted(blobs(daemon))
    assert len(kept) == 2
    daemon.api("DELETE", f"/conversations/{first}?now=1")
    wait_for(
        lambda: next(one["data"] for one in daemon.events() if one["type"] == "turn.started") is None, "that"
    )
    assert sorted(blobs(daemon)) == kept

    daemon.api("DELETE", f"/conversations/{second}?now=1")
    wait_for(lambda: not blobs(daemon), "the files to be removed")


def test_an_agent_that_cannot_see_gets_nothing_and_the_user_is_told_why(mine: Mine) -> None:
    """The first time it is asked, afterwards it is known."""
    daemon = mine()
    conversation = daemon.conversation("mine")
    turn = daemon.send(conversation, "say Hello", attachments=FILES)["session"]["id"]
    ended = daemon.ended(conversation, turn)

    assert ended["status"] == "error"
    assert (
        ended["error"] == "mine takes no pictures. Send the message again without, or choose another agent."
    )
    assert told(daemon, "session/prompt") == []
    body = {"content": "say Hello", "attachments": FILES}
    status, answer = daemon.request("POST", f"/api/conversations/{conversation}/messages", body)
    assert status == 400
    assert "mine takes no pictures" in answer.decode()
    assert ask(daemon, conversation, "say Hello")["status"] == "complete"


def test_an_agent_of_acp_gets_pictures_and_texts_as_it_said_it_takes_them(mine: Mine) -> None:
    daemon = mine("sees")
    conversation = daemon.conversation("mine")
    turn = daemon.send(conversation, "say Hello", attachments=FILES)["session"]["id"]

    assert daemon.ended(conversation, turn)["status"] == "complete"
    [prompt] = told(daemon, "session/prompt")
    words, picture, text = prompt["params"]["prompt"]
    assert words == {"type": "text", "text": "say Hello"}
    assert picture == {"type": "image", "mimeType": "image/png", "data": FILES[0]["data"]}
    assert text == {"type": "text", "text": '<file name="notes.md">\n# One\ntwo\n</file>'}
    turn = daemon.send(conversation, "say Hello", attachments=FILES[1:])["session"]["id"]
    assert daemon.ended(conversation, turn)["status"] == "complete"
    assert told(daemon, "session/prompt")[-1]["params"]["prompt"][1]["resource"]["text"] == "# One\ntwo\n"


def test_what_failed_before_any_work_is_tried_again_with_its_files(mine: Mine) -> None:
    daemon = mine("sees")
    conversation = daemon.conversation("mine")
    daemon.ended(conversation, daemon.send(conversation, "fail No", attachments=FILES)["session"]["id"])
    again = daemon.api("POST", f"/conversations/{conversation}/retry", {})["sessionId"]
    daemon.ended(conversation, again)

    first, second = (line["params"]["prompt"] for line in told(daemon, "session/prompt"))
    assert first == second
    assert [block["type"] for block in second] == ["text", "image", "text"]
