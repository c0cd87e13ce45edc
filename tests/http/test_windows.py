"""Windows of the transcript, in the shape of the reference."""

from agentguid.protocol.events import ItemAdded, ToolFinished, ToolStarted, TurnEnded
from agentguid.protocol.items import Body, Usage
from tests.http.conftest import Served
from tests.http.turns import CHUNK, SESSION, running, said


def test_chunks_are_items_in_the_shape_of_the_reference(served: Served) -> None:
    conversation, turn = running(served, "the prompt")
    served.report(
        conversation,
        ItemAdded(item=f"{turn}-a", turn=turn, kind="thought", body=Body("hm")),
        ToolStarted(
            item=f"{turn}-b", turn=turn, name="Bash", input=Body('{"command":"ls"}', "application/json")
        ),
        ToolFinished(item=f"{turn}-b", output=Body("a file"), failed=True),
        ItemAdded(item=f"{turn}-c", turn=turn, kind="message", body=Body("done"), parent=f"{turn}-b"),
        ItemAdded(item=f"{turn}-d", turn=turn, kind="plan", body=Body("[1]", "application/json")),
        ItemAdded(item=f"{turn}-e", turn=turn, kind="unknown", body=Body("raw")),
        TurnEnded(turn=turn, outcome="complete", usage=Usage(input_tokens=5), cost=0.5, duration=7),
    )
    answer = served.api("GET", f"/conversations/{conversation}/chunks")
    chunks = answer["chunks"]

    assert answer["ok"] is True
    assert all(chunk.keys() >= CHUNK for chunk in chunks)
    assert [chunk["type"] for chunk in chunks] == [
        "user",
        "thinking",
        "tool_use",
        "text",
        "plan",
        "unknown",
        "result",
    ]
    assert [chunk["sequence"] for chunk in chunks] == list(range(1, 8))
    assert chunks[0]["data"] == {"type": "user", "text": "the prompt"}
    tool = chunks[2]["data"]
    assert (tool["name"], tool["input"], tool["status"]) == ("Bash", {"command": "ls"}, "failed")
    assert tool["result"] == {
        "type": "tool_result",
        "tool_use_id": f"{turn}-b",
        "content": "a file",
        "is_error": True,
    }
    assert chunks[3]["data"]["parent_tool_use_id"] == f"{turn}-b"
    assert chunks[4]["data"]["entries"] == [1]
    assert (chunks[6]["data"]["duration_ms"], chunks[6]["data"]["total_cost_usd"]) == (7, 0.5)
    session = served.api("GET", f"/sessions/{turn}")
    assert session["session"].keys() >= SESSION
    assert (session["session"]["usage"], session["session"]["cost"]) == ({"input_tokens": 5}, 0.5)
    assert session["events"][0]["type"] == "turn.started"
    assert session["events"][-1]["type"] == "turn.ended"


def test_windows_join_without_gap_or_overlap(served: Served) -> None:
    """Newest first, then before; what changed after a position; all of it in order."""
    conversation, turn = running(served)
    served.report(conversation, *(said(turn, number) for number in range(30)))
    path = f"/conversations/{conversation}/chunks"
    whole = served.api("GET", f"{path}?limit=1000")["chunks"]
    newest = served.api("GET", f"{path}?limit=10")
    assert newest["hasMore"] is True
    older = served.api("GET", f"{path}?limit=12&before={newest['chunks'][0]['sequence']}")
    oldest = served.api("GET", f"{path}?limit=12&before={older['chunks'][0]['sequence']}")

    assert oldest["chunks"] + older["chunks"] + newest["chunks"] == whole
    assert oldest["hasMore"] is False
    changed = served.api("GET", f"{path}?after={whole[20]['position']}")
    assert changed["chunks"] == whole[21:]
    assert served.api("GET", f"{path}?after={changed['position']}")["chunks"] == []
    assert served.api("GET", f"{path}?since=0&limit=1000")["chunks"] == whole
    assert served.api("GET", f"{path}?since={whole[-1]['created_at'] + 1000}")["chunks"] == []
    turns = served.api("GET", f"/sessions/{turn}/chunks?sinceSeq=28")["chunks"]
    assert turns == whole[28:]
    page = served.api("GET", f"/sessions/{turn}/execution?limit=5&offset=2&filterType=message")
    assert [one["id"] for one in page["events"]] == [f"{turn}-i{number}" for number in range(2, 7)]
    assert (page["total"], page["hasMore"]) == (30, True)


def test_a_turn_of_many_items_is_counted_and_paged_to_its_end(served: Served) -> None:
    conversation, turn = running(served)
    for start in range(0, 10_500, 500):
        served.report(conversation, *(said(turn, number) for number in range(start, start + 500)))
    path = f"/sessions/{turn}/execution?limit=5&filterType=message"

    page = served.api("GET", f"{path}&offset=10494")
    assert [one["id"] for one in page["events"]] == [f"{turn}-i{number}" for number in range(10494, 10499)]
    assert (page["total"], page["hasMore"]) == (10_500, True)
    page = served.api("GET", f"{path}&offset=10495")
    assert (len(page["events"]), page["hasMore"]) == (5, False)
    assert served.api("GET", f"/sessions/{turn}/execution?limit=1")["total"] == 10_501
    assert served.api("GET", f"{path}&offset={1 << 70}")["events"] == []


def test_since_finds_the_time_by_halves(served: Served) -> None:
    conversation, turn = running(served)
    for number in range(9):
        served.report(conversation, said(turn, number))
    path = f"/conversations/{conversation}/chunks"
    whole = served.api("GET", path)["chunks"]
    for chunk in whole:
        wanted = [one for one in whole if one["created_at"] > chunk["created_at"]]
        got = served.api("GET", f"{path}?since={chunk['created_at']}")["chunks"]
        assert [one["id"] for one in got][-len(wanted) :] == [one["id"] for one in wanted] or not wanted
        assert all(one["created_at"] >= chunk["created_at"] for one in got)


def test_full_has_the_newest_window_or_everything(served: Served) -> None:
    conversation, turn = running(served)
    served.report(conversation, *(said(turn, number) for number in range(450)))
    path = f"/conversations/{conversation}/full"
    everything = served.api("GET", f"{path}?allChunks=1")

    assert [one["sequence"] for one in everything["chunks"]] == list(range(1, 452))
    assert everything["totalChunks"] == 451
    assert everything["conversation"]["id"] == conversation
    assert everything["latestSession"]["id"] == turn
    assert len(everything["messages"]) == 100
    assert everything["messages"][-1]["content"] == "text 449"
    assert everything["rateLimitInfo"] is None
    window = served.api("GET", f"{path}?chunkLimit=7")
    assert window["chunks"] == everything["chunks"][-7:]


def test_unknown_sessions_are_not_found(served: Served) -> None:
    for path in ("", "/chunks", "/execution"):
        served.api("GET", f"/sessions/nobody{path}", status=404)
