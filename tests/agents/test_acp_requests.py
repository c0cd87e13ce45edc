"""What ACP agents ask of us, and what the user's mode answers."""

from pathlib import Path
from typing import Any

import pytest

from agentguid.agents.base import Answer, FileErrand, Served, Write
from agentguid.protocol.events import (
    ApprovalRequested,
    ApprovalWithdrawn,
)
from agentguid.protocol.items import Mode
from tests.agents.acp_byhand import Session, modes


# -- requests ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("identity", [0, "0", "a b", 2**40, -1])
def test_any_id_is_sent_back_as_it_was(identity: Any) -> None:
    session = Session().begin().work()
    asked = session.ask(identity)[-1]
    assert isinstance(asked, ApprovalRequested)
    session.write(session.adapter.answer(Answer(asked.approval, "allow_once", None, None, None)))

    assert session.written[-1]["id"] == identity
    assert session.written[-1]["result"] == {"outcome": {"outcome": "selected", "optionId": "allow_once"}}
    assert session.adapter.answer(Answer(asked.approval, "allow_once", None, None, None)) == []


def options(*kinds: str) -> list[dict[str, str]]:
    return [{"optionId": f"{kind}-{place}", "name": kind, "kind": kind} for place, kind in enumerate(kinds)]


@pytest.mark.parametrize(
    ("kinds", "answer", "chosen"),
    [
        (("allow_always", "allow_once", "reject_once"), Answer("", "allow_once", None, None, None), "allow_once-1"),
        (("allow_once", "allow_once"), Answer("", "allow_once", None, "allow_once-1", None), "allow_once-1"),
        (("allow_once", "reject_always"), Answer("", "reject_once", None, None, None), "reject_always-1"),
        (("allow_once", "reject_once"), Answer("", "allow_always", None, None, None), "allow_once-0"),
        (("allow_always", "reject_once"), Answer("", "allow_once", None, None, None), None),
        (("allow_once",), Answer("", "reject_once", None, None, None), None),
        (("allow_once", "reject_once"), Answer("", "allow_once", None, None, b"{}"), "reject_once-1"),
        (("allow_forever", "no"), Answer("", "allow_always", None, None, None), "allow_forever-0"),
    ],
)  # fmt: skip
def test_the_answer_is_an_option_of_the_agents_and_never_allows_more(
    kinds: tuple[str, ...], answer: Answer, chosen: str | None
) -> None:
    session = Session().begin().work()
    params = {"toolCall": {"toolCallId": "c"}, "options": options(*kinds)}
    asked = session.out({"id": 1, "method": "session/request_permission", "params": params})[-1]
    assert isinstance(asked, ApprovalRequested)
    given = Answer(asked.approval, answer.decision, None, answer.option, answer.input)
    session.write(session.adapter.answer(given))

    outcome = session.written[-1]["result"]["outcome"]
    assert outcome == ({"outcome": "selected", "optionId": chosen} if chosen else {"outcome": "cancelled"})


def test_a_request_without_options_is_not_put_to_the_user() -> None:
    session = Session().begin().work()
    params = {"toolCall": {"toolCallId": "c"}, "options": []}
    facts = session.out({"id": 1, "method": "session/request_permission", "params": params})

    assert not any(isinstance(fact, ApprovalRequested) for fact in facts)
    assert session.written[-1]["result"] == {"outcome": {"outcome": "cancelled"}}


@pytest.mark.parametrize(
    ("mode", "call", "asks"),
    [
        ("ask", {"kind": "edit"}, True),
        ("plan", {"kind": "execute"}, True),
        ("bypass", {"kind": "execute"}, False),
        ("accept_edits", {"kind": "execute"}, True),
        ("accept_edits", {"kind": "edit", "locations": [{"path": "/w/a"}]}, False),
        ("accept_edits", {"kind": "edit", "locations": [{"path": "a/b"}]}, False),
        ("accept_edits", {"kind": "edit", "locations": [{"path": "/w/../etc/passwd"}]}, True),
        ("accept_edits", {"kind": "edit", "locations": [{"path": "/w/a"}, {"path": "/etc/x"}]}, True),
        ("accept_edits", {"kind": "edit", "locations": [{"path": "/wide/a"}]}, True),
        (
            "accept_edits",
            {"kind": "edit", "locations": [{"path": "/w/a"}], "rawInput": {"path": "/etc/x"}},
            True,
        ),
        (
            "accept_edits",
            {"kind": "edit", "locations": [{"path": "/w/a"}], "rawInput": {"path": "/w/b"}},
            False,
        ),
        (
            "accept_edits",
            {
                "kind": "edit",
                "locations": [{"path": "/w/a"}],
                "rawInput": {"edits": [{"file_path": "/etc/x"}]},
            },
            True,
        ),
    ],
)
def test_the_users_mode_answers_what_it_allows(mode: Mode, call: dict[str, Any], asks: bool) -> None:
    session = Session().begin(modes=modes("default", "default", "plan")).work(mode)
    facts = session.ask(**{"title": "", **call}) + session.serve()

    assert any(isinstance(fact, ApprovalRequested) for fact in facts) == asks
    if not asks:
        assert session.written[-1]["result"]["outcome"] == {"outcome": "selected", "optionId": "allow_once"}


@pytest.mark.parametrize(
    ("call", "asks"),
    [
        ({"rawInput": {"target_file": "/etc/hosts"}}, True),
        ({"rawInput": {"notebook_path": "/etc/hosts"}}, True),
        ({"rawInput": {"target_file": "a"}}, False),
        ({"rawInput": {"notebook_path": "/w/a"}}, False),
        ({"rawInput": {"patch": "*** Update File: /etc/hosts"}}, True),
        ({"rawInput": {"unheard_of": "a"}}, True),
        ({"rawInput": {"changes": {"/etc/x": {}}}}, True),
        ({"rawInput": {"changes": {"a": {}, "/w/b": {}}}}, False),
        ({"rawInput": {"changes": {"a": {"move_path": "/etc/x"}}}}, True),
        ({"rawInput": {"path": "a", "paths": ["/etc/x"]}}, True),
        ({"rawInput": {"paths": ["a", "/w/b"]}}, False),
        ({"rawInput": {"path": "~/.bashrc"}}, True),
        ({"locations": [{"path": "file:///etc/hosts"}]}, True),
        ({"locations": [{"path": "FILE:/etc/hosts"}]}, True),
        ({}, True),
    ],
)
def test_an_edit_whose_files_nobody_named_inside_is_asked_about(call: dict[str, Any], asks: bool) -> None:
    """The title is words: it names no file."""
    session = Session().begin(modes=modes("default")).work("accept_edits")
    facts = session.ask(**{"kind": "edit", "title": "Edit a file", **call}) + session.serve()

    assert any(isinstance(fact, ApprovalRequested) for fact in facts) == asks


def test_a_file_that_only_the_title_names_may_be_written_once_the_user_said_yes() -> None:
    session = Session().begin().work()
    asked = session.ask(kind="edit", title="/w/a")[-1]
    assert isinstance(asked, ApprovalRequested)
    session.write(session.adapter.answer(Answer(asked.approval, "allow_once", None, None, None)))
    write = {"path": "/w/a", "content": "x"}
    session.out({"id": 5, "method": "fs/write_text_file", "params": write})

    assert [one.path for one in session.adapter.errands if isinstance(one, FileErrand)] == ["/w/a"]


@pytest.mark.parametrize(("path", "asks"), [("in/x", False), ("out/x", True), ("in/../out/x", True)])
def test_an_edit_that_a_link_leads_out_of_the_folder_is_asked_about(
    tmp_path: Path, path: str, asks: bool
) -> None:
    """Links are followed outside the fold, which reads the answer off the tape."""
    work = tmp_path / "work"
    (work / "in").mkdir(parents=True)
    (work / "out").symlink_to(tmp_path)
    session = Session(cwd=str(work)).begin(modes=modes("default")).work("accept_edits")
    said = session.ask(kind="edit", locations=[{"path": path}])
    assert not any(isinstance(fact, ApprovalRequested) for fact in said)
    assert not session.adapter.idle
    facts = session.serve()

    assert any(isinstance(fact, ApprovalRequested) for fact in facts) == asks
    assert session.adapter.errands == []
    if asks:
        assert isinstance(facts[-1], ApprovalRequested)
        session.write(session.adapter.answer(Answer(facts[-1].approval, "reject_once", None, None, None)))
    chosen = "reject_once" if asks else "allow_once"
    assert session.written[-1]["result"]["outcome"] == {"outcome": "selected", "optionId": chosen}
    session.update("tool_call_update", toolCallId="c1", status="completed")
    assert session.adapter.idle


def test_an_edit_is_asked_about_when_the_user_wants_to_be_asked_meanwhile() -> None:
    session = Session().begin(modes=modes("default")).work("accept_edits")
    session.ask(kind="edit", locations=[{"path": "/w/a"}])
    session.write(session.adapter.adjust(None, "ask"))

    assert isinstance(session.serve()[-1], ApprovalRequested)


@pytest.mark.parametrize("how", ["stop", "back", "end"])
def test_an_edit_of_which_nobody_knows_yet_where_it_lies_is_not_allowed_later(how: str) -> None:
    session = Session().begin(modes=modes("default")).work("accept_edits")
    [prompt] = [line["id"] for line in session.written if line.get("method") == "session/prompt"]
    session.ask("q", kind="edit", locations=[{"path": "/etc/../w/a"}])
    [errand] = session.adapter.errands
    match how:
        case "stop":
            session.write(session.adapter.stop("t1"))
            session.serve()
            assert session.written[-1]["result"] == {"outcome": {"outcome": "cancelled"}}
        case "back":
            session.out({"method": "$/cancel_request", "params": {"requestId": "q"}})
            assert session.written[-1]["error"]["code"] == -32800
        case "end":
            session.out({"id": prompt, "result": {"stopReason": "end_turn"}})
            outputs = session.feed("in", b"", id=f"noted:outside-{errand.id}")
            assert [output.id for output in outputs if isinstance(output, Write)] == [errand.id]
    assert session.adapter.errands == []


def test_an_option_that_nobody_knows_is_not_chosen_for_the_user() -> None:
    session = Session().begin().work("bypass")
    params = {"toolCall": {"toolCallId": "c"}, "options": options("proceed", "no")}
    facts = session.out({"id": 1, "method": "session/request_permission", "params": params})

    assert isinstance(facts[-1], ApprovalRequested)


@pytest.mark.parametrize("mode", ["bypass", "accept_edits"])
def test_no_file_is_written_after_a_stop(mode: Mode) -> None:
    """Neither one that was asked for before it, nor after it."""
    session = Session().begin(modes=modes("default")).work(mode)
    write = {"path": "/w/a", "content": "x"}
    session.out({"id": 5, "method": "fs/write_text_file", "params": write})
    [errand] = session.adapter.errands
    [stop] = session.adapter.stop("t1")
    [refusal] = session.feed("in", stop.data, id=stop.id)
    assert isinstance(refusal, Write)
    assert refusal.id == errand.id
    session.write([refusal])
    assert session.written[-1]["error"]["message"] == "The user stops this turn."
    assert session.adapter.errands == []

    session.out({"id": 6, "method": "fs/write_text_file", "params": write})
    assert session.written[-1]["error"]["message"] == "The user stops this turn."
    assert session.adapter.errands == []


def test_a_stop_answers_all_and_what_is_asked_later_too() -> None:
    session = Session().begin().work()
    session.ask(0)
    session.ask(1, toolCallId="c2")
    writes = session.adapter.stop("t1")
    assert writes[0].id == "stop:t1"
    assert len(writes) == 3
    facts = session.feed("in", writes[0].data, id="stop:t1")
    assert sum(isinstance(getattr(fact, "event", None), ApprovalWithdrawn) for fact in facts) == 2
    assert [one.id for one in session.adapter.stop("t1")] == [one.id for one in writes], (
        "a restart owes them still"
    )
    session.write(writes[1:])
    assert not any(isinstance(fact, ApprovalRequested) for fact in session.ask(2, toolCallId="c3"))
    assert session.written[-1]["result"] == {"outcome": {"outcome": "cancelled"}}

    assert session.end(stopReason="cancelled").outcome == "interrupted"


def test_an_errand_is_open_until_its_answer_is_on_the_tape() -> None:
    session = Session().begin().work()
    params = {"sessionId": "s", "path": "/w/a", "line": 3, "limit": 2}
    session.out({"id": "f", "method": "fs/read_text_file", "params": params})
    [errand] = session.adapter.errands
    assert errand == FileErrand(errand.id, "/w/a", None, 3, 2)
    assert not session.adapter.idle
    session.write(session.adapter.served(errand, Served(text="x")))

    assert session.written[-1] == {"jsonrpc": "2.0", "id": "f", "result": {"content": "x"}}
    assert session.adapter.errands == []
    assert session.adapter.served(errand, Served(text="x")) == []


@pytest.mark.parametrize(
    "params", [{}, {"path": ""}, {"path": 7}, {"path": "/w/a", "content": 7}, {"path": "/w/a"}]
)
def test_an_errand_that_is_not_understood_is_refused(params: dict[str, Any]) -> None:
    session = Session().begin().work()
    session.out({"id": 5, "method": "fs/write_text_file", "params": params})

    assert session.written[-1]["error"]["code"] == -32603
    assert session.adapter.idle
