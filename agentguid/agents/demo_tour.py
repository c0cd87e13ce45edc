"""The demo agent's tour: a small piece of real work that shows what a page does with an agent, and what one can do there.

It plans, writes a script (asks first), runs it (it fails, really), mends it (asks, with a diff), runs it again.
What it says teaches the page in a minute: approve, queue, stop, come back. Standard library only; loaded by demo_agent.
"""

from pathlib import Path
from typing import Any

SIZE, PAUSE = 9, 0.025
"""Characters that come at once, and seconds between: a pace that can be read along."""
GREETING = """\
Hello! I am the **demo agent**. I am not intelligent, but I am a real process, and what I do here is really done.

Send `tour` and I show you around in a minute.
"""
COMMANDS = """\
That command really ran. You can also script me; several at once go like this:

```
think; tool; ask
```

`question` asks you something to choose from, `plan` shows a plan and waits for your word. There are `emit 100 rate 20`,
`long 20000`, `fail` and `crash` as well. Press *Stop* whenever you like.
"""
THOUGHT = (
    "A newcomer. I should not explain everything; I should do a small piece of work in front of them. "
    "A greeting script will do: write it, run it, and when it fails, mend it. "
    "This is a thought: it stays folded unless you open it."
)
HELLO = """\
## Welcome

You are looking at an agent at work. I have no intelligence, but everything you see is real: the process, the files, the commands.

While I work you can **type a message at any time**: it waits in the queue and is sent when I am done. **Stop** ends my turn at once.
"""
ASKING = """\
Now I write a file. I was started in the mode *Ask first*, so **nothing happens until you decide**: the card shows exactly what
I want to write. The same question stands on the home page, on your phone and in `agentguictl approvals`; it waits as long as you like.
"""
RUNNING = "Thank you. Now I run it."
FAILED = """\
It failed, and the page says so: a red mark, the exit code and what the command said. The reason is plain:
line 3 says `$nmae` where it should say `$name`. I mend it; this time the card shows **a diff**.
"""
REFUSED = """\
You said no, so the file stays as it was. An agent gets your answer at once, and the words you type beside *No* tell it what to do instead.
"""
DONE = """\
## That was all

| you want to | here |
|---|---|
| say something while I work | type and send: it **queues**, and can be edited or removed until its turn comes |
| end what I do | **Stop** |
| let me go on without asking | choose another answer on the card, or another *mode* in the menu above |
| come back to this place | the address of this page: bookmark it, open it on your phone, restart the daemon; nothing is lost |

- [x] a plan, a thought, commands, a failure, a diff, a decision
- [ ] your own work: **New**, choose a folder and an agent

Send `question`, `plan` or `think; tool; ask` to play on, or `long 20000` and press *Stop* in the middle of it.
"""
SCRIPT = "demo-greet.sh"
BROKEN = 'set -eu\nname="${1:-world}"\necho "Hello, $nmae!"\n'
WRONG, RIGHT = 'echo "Hello, $nmae!"', 'echo "Hello, $name!"'
PLAN = ("Write a greeting script", "Run it", "Mend what is wrong", "Run it again")
DOING = ("Writing a greeting script", "Running it", "Mending what is wrong", "Running it again")


def greet(demo: Any) -> None:
    """For a prompt that means nothing to the demo agent."""
    _say(demo, GREETING)
    demo.call("Bash", {"command": "ls", "description": "Look at the folder"}, demo.ls)
    _say(demo, COMMANDS)


def go(demo: Any, pace: float) -> None:
    """The tour; `pace` 0: without pauses."""
    _say(demo, THOUGHT, pace, "thinking")
    _say(demo, HELLO, pace)
    _plan(demo, 0)
    _say(demo, ASKING, pace)
    if not _write(demo):
        _say(demo, REFUSED, pace)
        _say(demo, DONE, pace)
        return
    _plan(demo, 1)
    _say(demo, RUNNING, pace)
    _run(demo)
    _plan(demo, 2)
    _say(demo, FAILED, pace)
    if _mend(demo):
        _plan(demo, 3)
        _run(demo)
        _plan(demo, 4)
    else:
        _say(demo, REFUSED, pace)
    _say(demo, DONE, pace)


def _say(demo: Any, text: str, pace: float = 1.0, kind: str = "text") -> None:
    demo.stream((text[at : at + SIZE] for at in range(0, len(text), SIZE)), kind, PAUSE * pace)


def _plan(demo: Any, done: int) -> None:
    """The plan with so many steps done."""
    states = ["completed"] * done + ["in_progress"] + ["pending"] * len(PLAN)
    steps = [
        {"content": content, "activeForm": doing, "status": state}
        for content, doing, state in zip(PLAN, DOING, states, strict=False)
    ]
    demo.call("TodoWrite", {"todos": steps}, lambda _: ("The plan was changed.", False))


def _run(demo: Any) -> None:
    command = {"command": f"sh {SCRIPT} Ada", "description": "Greet somebody"}
    demo.call("Bash", command, lambda _: demo.execute("sh", SCRIPT, "Ada"))


def _write(demo: Any) -> bool:
    return _change(demo, "Write", {"content": BROKEN}, lambda given: str(given.get("content", "")))


def _mend(demo: Any) -> bool:
    def mended(given: dict[str, Any]) -> str:
        return Path(SCRIPT).read_text().replace(str(given.get("old_string")), str(given.get("new_string")), 1)

    return _change(demo, "Edit", {"old_string": WRONG, "new_string": RIGHT}, mended)


def _change(demo: Any, tool: str, what: dict[str, str], content: Any) -> bool:
    """Asks, and writes the script if it may: whether it did."""
    arguments = {"file_path": str(Path(SCRIPT).absolute()), **what}
    done = []

    def write(call: str) -> tuple[str, bool]:
        allowed, answer = demo.permitted(call, tool, arguments, SCRIPT)
        if not allowed:
            return str(answer.get("message") or "The user said no."), True
        try:
            Path(SCRIPT).write_text(content(answer))
        except OSError as error:
            return f"{SCRIPT} cannot be written: {error}", True
        done.append(tool)
        return f"{SCRIPT} was written.", False

    demo.call(tool, arguments, write)
    return bool(done)
