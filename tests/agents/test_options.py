"""What can be chosen beside model and mode is set before a prompt, and set back when nobody chooses it any more."""

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from agentguid.agents import options
from agentguid.agents.base import Option, Prompt
from agentguid.agents.catalogue import CATALOGUE
from agentguid.agents.offers import Offers
from agentguid.protocol.items import Body, Mode
from tests.agents.acp_byhand import Session, modes, option
from tests.agents.codex_byhand import Codex
from tests.conformance.kinds import CODEX
from tests.conformance.worker import Worker

ENTRIES = {entry.id: entry for entry in CATALOGUE}
LEVELS = (("low", "Low"), ("high", "High"))
MODELS = {
    "currentModelId": "large",
    "availableModels": [{"modelId": one, "name": one} for one in ("small", "large")],
}


def told(current: str = "low", name: str = "effort", **more: Any) -> dict[str, Any]:
    """As an agent says it."""
    choices = [{"value": value, "name": words} for value, words in LEVELS]
    return {
        "id": name,
        "name": "Effort",
        "category": "thought_level",
        "currentValue": current,
        "options": choices,
        **more,
    }


def session(**more: Any) -> Session:
    return Session().begin(configOptions=[told(**more)])


def sets(one: Session) -> list[tuple[str, str]]:
    lines = [line["params"] for line in one.written if line.get("method") == "session/set_config_option"]
    return [(line["configId"], line["value"]) for line in lines]


def taken(one: Session, turn: str, **chosen: str) -> None:
    """Up to its prompt being written."""
    for _ in range(5):
        if f"prompt:{turn}" in one.prompt(turn, **chosen):
            return
        one.answer(result={"configOptions": [told(sets(one)[-1][1])]})
    pytest.fail("no prompt")


def test_an_acp_agent_is_offered_with_its_choices() -> None:
    assert session().adapter.options == (Option("effort", "Effort", LEVELS, "low"),)
    groups = told(options=[{"name": "All", "options": told()["options"]}])
    assert Session().begin(configOptions=[groups]).adapter.options == session().adapter.options


@pytest.mark.parametrize(
    "one",
    [
        told(category="model", name="models"),
        told(category="mode", name="how"),
        told(currentValue=True, type="boolean"),
        told(options=[{"value": "low"}]),
        told(name="x" * 101),
        told(options="many"),
    ],
    ids=["the model", "the mode", "not of choices", "one choice", "a long id", "nonsense"],
)
def test_what_is_something_else_is_not_offered(one: dict[str, Any]) -> None:
    assert Session().begin(configOptions=[one]).adapter.options == ()


def test_what_our_modes_set_is_not_for_the_user_to_undo() -> None:
    copilot = Session(ENTRIES["copilot"])
    copilot.begin(configOptions=[told(name="allow_all", options=[{"value": "on"}, {"value": "off"}]), told()])
    assert [one.id for one in copilot.adapter.options] == ["effort"]


@pytest.mark.parametrize("agent", ["copilot", "opencode"])
def test_who_looks_again_finds_the_same_list_until_it_is_another(agent: str) -> None:
    """It is looked at with every batch of lines, and learnt from when it is another."""
    one = Session(ENTRIES[agent]).begin(configOptions=[told(name="allow_all"), told()])
    before = one.adapter.options
    one.say("Hello")
    assert one.adapter.options is before
    one.update("config_option_update", configOptions=[told(name="verbosity")])
    assert [option.id for option in one.adapter.options] == ["verbosity"]


def test_it_is_set_before_the_prompt_and_set_back_afterwards() -> None:
    one = session()
    taken(one, "t1", effort="high")
    assert sets(one) == [("effort", "high")]
    one.end()
    taken(one, "t2", effort="high")
    one.end()
    assert sets(one) == [("effort", "high")], "it is so already"
    taken(one, "t3")
    assert sets(one) == [("effort", "high"), ("effort", "low")]


def test_it_is_not_touched_when_nobody_chose() -> None:
    one = session()
    taken(one, "t1")
    assert sets(one) == []


def test_what_the_agent_chose_itself_since_is_not_set_back() -> None:
    one = session()
    taken(one, "t1")
    one.update("config_option_update", configOptions=[told("high")])
    one.end()
    taken(one, "t2")
    assert sets(one) == []


def mirrored() -> Session:
    """Its mode has another name among its options, of no category, and it does not say that one undoes the other."""
    return Session().begin(
        modes=modes("auto", "auto", "default"),
        configOptions=[option("permission_mode", "auto", "auto", "default")],
    )


def said(one: Session) -> list[str]:
    """What was set, in order, up to the prompt."""
    found = [line["params"] for line in one.written if line.get("method", "").startswith("session/set")]
    return [params.get("modeId") or f"{params['configId']} {params['value']}" for params in found]


def test_an_option_that_nobody_chose_does_not_undo_the_mode() -> None:
    one = mirrored()
    assert one.prompt() != ["prompt:t1"]
    one.answer(result={"configOptions": [option("permission_mode", "default", "auto", "default")]})
    assert one.prompt() == ["prompt:t1"]
    assert said(one) == ["default"]


def test_the_mode_has_the_last_word_after_an_option() -> None:
    one = mirrored()
    for _ in range(3):
        one.prompt(permission_mode="default")
        one.answer(result={})
    assert one.prompt(permission_mode="default") == ["prompt:t1"]
    assert said(one) == ["default", "permission_mode default", "default"]
    one.end()
    for _ in range(2):
        one.prompt("t2")
        one.answer(result={})
    assert one.prompt("t2") == ["prompt:t2"]
    assert said(one)[3:] == ["permission_mode auto", "default"], "set back, and still it asks"


def models(model: str, effort: str) -> list[dict[str, Any]]:
    return [
        option("model", model, "a", "b", category="model"),
        option("effort", effort, "low", "medium", "high"),
    ]


@pytest.mark.parametrize("told_first", [False, True], ids=["in the answer", "before it"])
def test_what_a_model_brings_with_it_stays(told_first: bool) -> None:
    """Else it would be told the effort of the model before, which it may not have."""
    one = Session().begin(configOptions=models("a", "high"))
    one.prompt("t1", model="b")
    if told_first:
        one.update("config_option_update", configOptions=models("b", "medium"))
    one.answer(result={} if told_first else {"configOptions": models("b", "medium")})
    assert one.prompt("t1", model="b") == ["prompt:t1"]
    assert sets(one) == [("model", "b")]
    assert [offer.own for offer in one.adapter.options] == ["medium"]


def test_what_was_chosen_for_another_model_is_over_when_the_next_brings_its_own() -> None:
    one = Session().begin(configOptions=models("a", "high"))
    one.prompt("t1", effort="low")
    one.answer(result={"configOptions": models("a", "low")})
    assert one.prompt("t1", effort="low") == ["prompt:t1"]
    one.end()
    one.prompt("t2", model="b")
    one.answer(result={"configOptions": models("b", "medium")})
    assert one.prompt("t2", model="b") == ["prompt:t2"]
    assert sets(one)[1:] == [("model", "b")]


def taken_up(current: str = "high", **more: Any) -> Session:
    """An earlier session, which has what was chosen for it."""
    return Session(resume="s").begin(can={"loadSession": True}, configOptions=[told(current)], **more)


@pytest.mark.parametrize(
    ("own", "then"),
    [("low", [("effort", "low")]), ("", []), ("gone", [])],
    ids=["known", "not known", "not there any more"],
)
def test_what_an_earlier_turn_chose_is_set_back_in_another_process(
    own: str, then: list[tuple[str, str]]
) -> None:
    one = taken_up()
    for _ in range(2):
        if "prompt:t1" not in one.prompt(dropped={"effort": own}):
            one.answer(result={"configOptions": [told("low")]})
    assert sets(one) == then
    assert "session/prompt" in [line.get("method") for line in one.written]


def test_what_no_turn_chose_is_left_as_it_was_found() -> None:
    one = taken_up(models=MODELS)
    assert one.prompt() == ["prompt:t1"]
    assert one.adapter.own_model == ""


@pytest.mark.parametrize(("own", "then"), [("small", ["small"]), ("", []), ("gone", [])])
def test_so_is_a_model(own: str, then: list[str]) -> None:
    """The one that the session has is not taken for the agent's own."""
    one = taken_up(models=MODELS)
    if "prompt:t1" not in one.prompt(dropped={"model": own}):
        one.answer(result={})
        assert one.prompt(dropped={"model": own}) == ["prompt:t1"]
    lines = [line["params"] for line in one.written if line.get("method") == "session/set_model"]
    assert [params["modelId"] for params in lines] == then


def test_of_an_earlier_session_nobody_knows_what_the_agent_chose_itself() -> None:
    """What it has may be what the user chose in the process before."""
    one = Session(resume="s").begin(can={"loadSession": True}, configOptions=[told("high")])
    assert [offer.own for offer in one.adapter.options] == [""]
    taken(one, "t1", effort="low")
    one.end()
    taken(one, "t2")
    assert sets(one) == [("effort", "low")], "set back to what?"


def test_what_another_process_said_of_its_own_choice_is_still_known() -> None:
    """Two at work at once would else take turns in saying it and not saying it."""
    offers, later = Offers(), Session(resume="s")
    later.begin(can={"loadSession": True}, configOptions=[told("high"), told(name="other")])
    offers.learn_options("x", session().adapter.options, 1)
    offers.learn_options("x", later.adapter.options, 2)
    offer = offers.get("x")
    assert offer is not None
    assert [(one.id, one.own) for one in offer.options] == [("effort", "low"), ("other", "")]
    offers.learn_options("x", later.adapter.options, 3)
    assert offers.get("x") is offer, "nothing new, nothing written"


def test_of_a_session_that_had_to_begin_anew_it_is_known() -> None:
    one = Session(resume="s").begin(configOptions=[told("high")])
    assert [offer.own for offer in one.adapter.options] == ["high"]


def test_what_was_set_for_the_user_is_known_after_an_anchor() -> None:
    one = session()
    taken(one, "t1", effort="high")
    one.end()
    one.adapter = type(one.adapter)(one.entry, "h", one.adapter.launch, one.adapter.carry())
    taken(one, "t2")
    assert sets(one) == [("effort", "high"), ("effort", "low")]


def test_what_the_agent_does_not_have_is_not_set() -> None:
    one = session()
    taken(one, "t1", effort="extreme", verbosity="low")
    assert sets(one) == []


def test_a_yes_is_enough_whatever_it_calls_it_then() -> None:
    one = session()
    assert one.prompt(effort="high") != ["prompt:t1"]
    one.answer(result={"configOptions": [told("low")]})
    assert one.prompt(effort="high") == ["prompt:t1"]


def test_a_no_is_the_end_of_the_turn_and_says_why() -> None:
    one = session()
    one.prompt(effort="high")
    one.answer(error={"code": -32602, "message": "not with this model"})
    why = one.adapter.refuses(Prompt("t1", Body("Hello"), None, "ask", options={"effort": "high"}))
    assert "not with this model" in why


def test_it_is_carried_from_anchor_to_anchor() -> None:
    one = session()
    taken(one, "t1", effort="high")
    one.end()
    again = type(one.adapter)(one.entry, "h", one.adapter.launch, one.adapter.carry())
    assert again.options == one.adapter.options


def test_as_much_is_kept_as_a_form_can_show() -> None:
    many = [
        options.option(f"o{n}", "x" * 1000, [(f"v{m}", "y" * 1000) for m in range(500)], "v0")
        for n in range(500)
    ]
    raw = options.encoded(many)
    assert len(bytes(raw)) <= options.ALL
    assert 0 < len(options.known(raw)) <= options.MOST
    assert all(len(one.choices) <= options.CHOICES for one in options.known(raw))


def test_those_of_another_version_are_none() -> None:
    assert options.known(msgspec.Raw(b'[{"x":1}]')) == ()


# -- Codex ------------------------------------------------------------------------------------------------------------
class Thinker(Codex):
    """Codex with a model list that says how long each model may think."""

    def __init__(self, resume: str | None = None, mode: Mode = "ask", **thread: Any) -> None:
        Worker.__init__(self, replace(CODEX, peer=lambda line: self.answers(line, thread)), mode)
        self.adapter = CODEX.adapter(resume=resume)
        self.work()
        self.tell("turn/completed", turn={"id": "tu", "status": "completed"})

    def answers(self, line: dict[str, Any], thread: dict[str, Any]) -> list[dict[str, Any]]:
        told = CODEX.peer(line)
        if line.get("method") in ("thread/start", "thread/resume"):
            told[0]["result"].update(thread)
        return told

    def turn(self, turn: str, dropped: dict[str, str] | None = None, **chosen: str) -> Any:
        """What a prompt says."""
        asked = Prompt(turn, Body("Hello"), None, "ask", options=chosen, dropped=dropped or {})
        self.write(self.adapter.prompt(asked))
        said = self.written[-1]["params"]
        self.out({"id": f"prompt:{turn}", "result": {"turn": {"id": turn}}})
        self.tell("turn/completed", turn={"id": turn, "status": "completed"}, turnId=turn)
        return said

    def effort(self, turn: str, dropped: dict[str, str] | None = None, **chosen: str) -> Any:
        return self.turn(turn, dropped, **chosen).get("effort")


def test_codex_is_told_how_long_to_think_and_told_again_when_nobody_chooses() -> None:
    codex = Thinker()
    levels = (("low", "Low"), ("medium", "Medium"), ("high", "High"))
    assert codex.adapter.options == (Option("effort", "Effort", levels, "medium"),)
    assert [codex.effort("t2"), codex.effort("t3", effort="high"), codex.effort("t4")] == [
        None,
        "high",
        "medium",
    ]


def test_where_codex_is_not_configured_its_model_says_how_long_it_thinks() -> None:
    codex = Thinker(reasoningEffort=None)
    assert [one.own for one in codex.adapter.options] == ["low"]
    assert [codex.effort("t2", effort="high"), codex.effort("t3")] == ["high", "low"]


@pytest.mark.parametrize(("own", "then"), [("medium", "medium"), ("", None)])
def test_an_older_thread_of_codex_has_what_was_chosen_for_it_until_it_is_told(
    own: str, then: str | None
) -> None:
    codex = Thinker(resume="th")
    assert ([one.own for one in codex.adapter.options], codex.adapter.own_model) == ([""], "")
    first = codex.turn("t2")
    assert (first.get("effort"), first.get("model")) == (None, None)
    second = codex.turn("t3", {"effort": own, "model": "big" if own else ""})
    assert (second.get("effort"), second.get("model")) == (then, "big" if own else None)


def test_an_older_thread_of_codex_is_told_to_plan_with_the_model_that_it_has() -> None:
    codex = Thinker(resume="th", mode="plan")
    assert codex.adapter.refuses(Prompt("t2", Body("Hello"), None, "plan")) == ""
    [line] = codex.adapter.prompt(Prompt("t2", Body("Hello"), None, "plan"))
    said = json.loads(line.data)["params"]["collaborationMode"]
    assert (said["mode"], said["settings"]["model"]) == ("plan", "other")
