"""What Codex tells beside its items: turns, plans, tokens, limits, and remarks about itself."""

import zlib
from typing import Any

import msgspec

from agentguid.agents import codex_errors as errors
from agentguid.agents import codex_turns as turns
from agentguid.agents.base import Fact, Output
from agentguid.agents.codex_session import Session
from agentguid.agents.codex_state import AGENTS, ID
from agentguid.agents.jsonl import NotUnderstoodError, mapping, objects, text_of
from agentguid.protocol.events import ItemAdded
from agentguid.protocol.items import Body

QUIET = frozenset(
    [
        "thread/started",
        "thread/status/changed",
        "thread/readState/changed",
        "thread/archived",
        "thread/unarchived",
        "thread/closed",
        "thread/deleted",
        "thread/name/updated",
        "thread/section/changed",
        "thread/attachment/updated",
        "thread/project/updated",
        "thread/goal/updated",
        "thread/goal/cleared",
        "thread/prediction/updated",
        "thread/queue/changed",
        "thread/settings/updated",
        "thread/environment/connected",
        "thread/environment/disconnected",
        "thread/compacted",
        "thread/reverted",
        "project/changed",
        "skills/changed",
        "hook/started",
        "hook/completed",
        "turn/diff/updated",
        "turn/moderationMetadata",
        "app/list/updated",
        "item/reasoning/summaryPartAdded",
        "item/fileChange/outputDelta",
        "item/fileChange/patchUpdated",
        "item/commandExecution/terminalInteraction",
        "item/mcpToolCall/progress",
        "item/autoApprovalReview/started",
        "item/autoApprovalReview/completed",
        "autoApprovalReview/strictReviewRequired",
        "rawResponseItem/completed",
        "rawResponse/completed",
        "account/updated",
        "account/login/completed",
        "remoteControl/status/changed",
        "mcpServer/oauthLogin/completed",
        "model/verification",
        "model/safetyBuffering/updated",
        "deprecationNotice",
        "modelProvider/authRecoveryStarted",
        "modelProvider/authRecoveryCompleted",
        "fs/changed",
    ]
)
"""Understood, and nothing to show."""
TWICE = "codex/event/"
"""Beginning of what older versions tell a second time, in an older protocol."""
USUAL = "bubblewrap"
"""Codex says at each start where that is not installed that it uses its own."""


class Told(Session):
    def _told(self, method: str, params: dict[str, Any], out: list[Output]) -> None:
        match method:
            case "turn/started":
                self._started(params)
            case "turn/completed":
                self._completed(params, out)
            case "turn/plan/updated":
                self._plan(params, out)
            case "thread/tokenUsage/updated":
                turns.used(self.state, params, main=self.main(text_of(params.get("threadId"))))
            case "account/rateLimits/updated":
                errors.limits(self.state, params.get("rateLimits"))
            case "serverRequest/resolved":
                self.asks.resolved(msgspec.json.encode(params.get("requestId")), out)
            case "error":
                if params.get("willRetry") is True:
                    out.append(self.notice(errors.retrying(mapping(params.get("error"))), "warning"))
                elif self.state.turn is None:
                    out.append(
                        self.notice(
                            errors.sentence(self.entry, self.state, mapping(params.get("error"))), "error"
                        )
                    )
            case _ if method not in QUIET and not method.startswith(TWICE):
                self._remark(method, params, out)

    def _remark(self, method: str, params: dict[str, Any], out: list[Output]) -> None:
        """What Codex says about itself."""
        text = text_of(params.get("message")) or text_of(params.get("summary"))
        match method:
            case "warning" | "guardianWarning" | "configWarning":
                if USUAL not in text and self.main(text_of(params.get("threadId"))):
                    out.append(self.notice(text[:2000], "warning" if method != "configWarning" else "info"))
            case "model/rerouted":
                self.state.model = text_of(params.get("toModel"))[:200] or self.state.model
                out.append(
                    self.notice(
                        f"{self.entry.name} works with another model now: {self.state.model}.", "warning"
                    )
                )
                out.append(self.identified())
            case "mcpServer/startupStatus/updated":
                if params.get("status") == "failed":
                    name, why = text_of(params.get("name")), text_of(params.get("error"))[:500]
                    out.append(self.notice(f"The tool server {name} did not start: {why}", "warning"))
            case _:
                raise NotUnderstoodError(f"notification {method}"[:200])

    def _plan(self, params: dict[str, Any], out: list[Output]) -> None:
        """Told whole each time; worth showing when it is another."""
        states = {"inProgress": "in_progress"}
        entries = [
            {
                "content": text_of(one.get("step")),
                "status": states.get(status := text_of(one.get("status")), status),
            }
            for one in objects(params.get("plan"))
        ]
        text = msgspec.json.encode({"entries": entries}).decode()
        mark = zlib.crc32(text.encode())
        if entries and mark != self.state.plan:
            self.state.plan = mark
            body = Body(text, "application/json")
            parent = self.items.parent(text_of(params.get("threadId")))
            added = ItemAdded(item=self._item(), turn=self.state.turn, kind="plan", body=body, parent=parent)
            out.append(Fact(added))

    def _started(self, params: dict[str, Any]) -> None:
        state, thread = self.state, text_of(params.get("threadId"))[:ID]
        if not self.main(thread):
            state.working = [*(one for one in state.working if one != thread), thread][-AGENTS:]
        elif state.turn:
            state.theirs = text_of(mapping(params.get("turn")).get("id"))[:ID] or state.theirs

    def _completed(self, params: dict[str, Any], out: list[Output]) -> None:
        state, thread, told = self.state, text_of(params.get("threadId"))[:ID], mapping(params.get("turn"))
        over = told.get("status") != "interrupted"
        self.items.turn_over(thread or state.thread, out, completed=over)
        self.asks.withdraw("The turn ended.", out, thread=thread or state.thread)
        if not self.main(thread):
            state.working = [one for one in state.working if one != thread]
        elif state.turn:
            self.complaints(out)
            out.append(Fact(turns.ended(state.turn, told, self.entry, state, self._at)))
            self.turn_is_over()
