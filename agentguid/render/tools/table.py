"""Which tool is shown how. Adding one is one line: the names that agents have for it, its view, its result."""

from msgspec.structs import replace

from agentguid.protocol.items import Body
from agentguid.render.panels import Outcome, Terminal
from agentguid.render.text import one_line
from agentguid.render.tools import acp, files, other, plans, results, search, shell
from agentguid.render.tools.base import BAD, Call, Output, Tool, ToolView, call_of

ENTRIES: tuple[tuple[str, Tool], ...] = (
    ("Read read_file view ReadFile fs/read_text_file", Tool(files.read, files.content)),
    ("read_many_files", Tool(files.read_many, results.plain)),
    ("Write write_file create_file WriteFile fs/write_text_file", Tool(files.write, results.quiet)),
    ("Edit MultiEdit replace str_replace edit_file StrReplaceFile", Tool(files.edit, results.quiet)),
    ("NotebookEdit", Tool(files.notebook, results.quiet)),
    ("apply_patch ApplyPatch patch fileChange", Tool(files.patch, results.quiet)),
    ("delete_file", Tool(files.delete, results.quiet)),
    ("move_file rename_file", Tool(files.move, results.quiet)),
    ("LS list list_directory list_dir", Tool(files.listed, results.plain)),
    (
        "Bash shell run_shell_command exec_command local_shell execute terminal",
        Tool(shell.bash, shell.printed),
    ),
    ("commandExecution command_execution unified_exec container.exec", Tool(shell.bash, shell.printed)),
    ("BashOutput TaskOutput KillShell KillBash TaskStop write_stdin", Tool(shell.task, shell.printed)),
    ("Glob find_files", Tool(search.grep, results.listing)),
    ("Grep search_file_content grep_search codesearch", Tool(search.grep, search.found)),
    ("WebFetch web_fetch fetch", Tool(search.fetch, results.prose)),
    ("WebSearch google_web_search web_search", Tool(search.web, search.pages)),
    ("ToolSearch", Tool(search.tools, search.names)),
    ("TodoWrite todo_write update_plan write_todos TodoRead", Tool(plans.todos, results.quiet)),
    ("TaskCreate TaskUpdate TaskGet", Tool(plans.task, results.quiet)),
    ("TaskList", Tool(plans.task_list, plans.tasks)),
    ("ExitPlanMode exit_plan_mode plan_exit", Tool(plans.exit_plan, results.quiet)),
    ("AskUserQuestion ask_user ask_user_question question", Tool(plans.ask, plans.answers)),
    ("save_memory", Tool(plans.remember, results.quiet)),
    ("think sequentialthinking", Tool(plans.think, results.quiet)),
    ("Task Agent invoke_agent spawn_agent delegate", Tool(other.agent, results.prose)),
    ("Skill", Tool(other.skill, results.prose)),
)
OTHER = Tool(other.anything, results.plain)
MCP = Tool(other.mcp, results.plain)


def _key(name: str) -> str:
    """Names that differ in nothing but their spelling are one."""
    return name[:100].lower().replace("_", "").replace("-", "").replace(" ", "")


TOOLS = {_key(name): tool for names, tool in ENTRIES for name in names.split()}


def tool_of(name: str) -> Tool:
    return TOOLS.get(_key(name)) or (MCP if name.startswith("mcp__") else OTHER)


def view(name: str, given: Body) -> ToolView:
    """What is known of a call's arguments. Never raises for what an agent sends."""
    call = call_of(name, given)
    try:
        drawn = _drawn(call) if call else other.unreadable(name, given)
    except BAD:
        drawn = other.anything(call or Call(name, {}))
    return replace(
        drawn, label=one_line(drawn.label, 80), arg=one_line(drawn.arg), note=one_line(drawn.note, 80)
    )


def _drawn(call: Call) -> ToolView:
    if not acp.is_acp(call):
        return tool_of(call.name).draw(call)
    theirs = acp.draw(call)
    own = acp.own(call)
    if theirs.added or theirs.removed or own is None or _key(own.name) not in TOOLS:
        return theirs
    try:
        return TOOLS[_key(own.name)].draw(own)
    except BAD:
        return theirs


def outcome(name: str, given: Body, output: Body, failed: bool) -> Outcome:
    """What a call came to. Never raises for what an agent sends; nothing of the output is out of reach."""
    call = call_of(name, given) or Call(name, {})
    tool = tool_of(name)
    if acp.is_acp(call):
        tool = tool if _key(name) in TOOLS else _by_kind(call)
        call = acp.own(call) or call
    said = Output(output.text, failed, output.blob is not None, output.type == "application/json")
    said = results.unwrapped(said)
    try:
        return tool.result(call, said)
    except BAD:
        return Outcome((Terminal(output.text, failed),) if output.text else ())


def _by_kind(call: Call) -> Tool:
    """Of a call whose name says nothing."""
    names = {"execute": "bash", "read": "read", "search": "grep", "fetch": "webfetch", "think": "task"}
    return TOOLS.get(names.get(str(call.given.get("kind")), ""), OTHER)
