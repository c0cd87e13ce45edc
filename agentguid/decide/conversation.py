"""The rules of a conversation: which facts follow from a command."""

from agentguid.decide import approval, history, host, queue, report, retry, settings, steer, turn
from agentguid.decide.fold import evolve
from agentguid.decide.state import Conversation, Settings, initial
from agentguid.protocol import commands, events
from agentguid.protocol.commands import ToConversation
from agentguid.protocol.errors import NotFound
from agentguid.protocol.events import Event

__all__ = ["Conversation", "decide", "evolve", "initial"]


def decide(command: ToConversation, state: Conversation) -> list[Event]:
    """The events; none when all is as it is asked to be. Raises `Refused`, `NotFound` or `Invalid`."""
    known = state.settings
    match command:
        case commands.CreateConversation():
            return settings.create(command, known)
        case commands.ImportHistory() if known is None:
            return history.begin(command)
        case commands.Report() if known is not None:
            return report.decide(command, state)
    match command:
        case commands.DeleteConversation(now=True) if known is not None and known.deleted:
            return [events.ConversationDeleted(now=True)]
    if known is None or known.deleted:
        raise NotFound(f"There is no conversation {command.conversation}.")
    match command:
        case commands.ImportHistory():
            return history.go_on(command, state)
        case commands.RenameConversation():
            return settings.rename(command, known)
        case commands.ConfigureConversation():
            return settings.configure(command, known)
        case commands.ArchiveConversation(archived=archived):
            return settings.archive(archived, known)
        case commands.PinConversation(pinned=pinned):
            return settings.pin(pinned, known)
        case commands.MarkRead():
            return settings.mark_read(command, state.seen)
        case commands.DeleteConversation():
            return _delete(command, state)
    return _work(command, state, known)


def _work(command: ToConversation, state: Conversation, known: Settings) -> list[Event]:
    """What is about messages, turns and what agents ask."""
    match command:
        case commands.SendMessage():
            return turn.send(command, state, known)
        case commands.EditMessage(message=message):
            steer.settled(message, state.steering)
            return queue.edit(command, state.queue)
        case commands.RemoveMessage(message=message):
            steer.settled(message, state.steering)
            return queue.remove(command, state.queue)
        case commands.SteerMessage():
            return steer.steer(command, state)
        case commands.ReorderQueue():
            return queue.reorder(command, state.queue)
        case commands.ReleaseQueue():
            return turn.release(state)
        case commands.RetryTurn():
            return retry.begin(command, state, known)
        case commands.CancelRetry():
            return retry.cancel(state)
        case commands.StopTurn(turn=named) if state.retry and named in (None, state.retry.turn):
            return retry.cancel(state)
        case commands.StopTurn():
            return turn.stop(command, state)
        case commands.DecideApproval():
            return approval.decide(command, state.approvals)
        case commands.RequestHost():
            return host.request(command, state)
    raise TypeError(command)


def _delete(command: commands.DeleteConversation, state: Conversation) -> list[Event]:
    """The open turn is asked to stop, and nothing waits for the user any more."""
    stopped = turn.stop(commands.StopTurn(conversation=""), state)
    withdrawn = approval.withdraw(state.approvals, "the conversation was deleted")
    return [*stopped, *withdrawn, events.ConversationDeleted(now=command.now)]
