"""Show the daemon's settings and where each value comes from, or print where the file is.

`show` says what a daemon started from here would use; with --running what the one that runs uses.
"""

from argparse import ArgumentParser, Namespace
from typing import Any

from agentguid.cli.client import connect
from agentguid.cli.errors import CONFIG, CliError
from agentguid.cli.options import common
from agentguid.cli.output import print_json, print_table, say


def arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="show|path")
    show = common(
        actions.add_parser("show", help="every setting with its value, its source and what it does")
    )
    show.add_argument("--running", action="store_true", help="as the running daemon has them")
    common(actions.add_parser("path", help="where config.toml is looked for"))


def run(args: Namespace) -> int:
    return _path(args) if args.action == "path" else _show(args)


def _show(args: Namespace) -> int:
    rows = connect(args).get("/settings")["settings"] if args.running else _here()
    if args.json:
        print_json({"settings": rows})
        return 0
    cells = ((row["name"], _value(row["value"]), row["where"] or row["origin"], row["doc"]) for row in rows)
    print_table(("SETTING", "VALUE", "FROM", "WHAT IT DOES"), cells)
    return 0


def _here() -> list[dict[str, Any]]:
    from agentguid.settings import BadSetting, load

    try:
        return [one._asdict() for one in load().shown()]
    except BadSetting as bad:
        raise CliError(str(bad), CONFIG) from None


def _path(args: Namespace) -> int:
    from agentguid.paths import places

    path = places().config / "config.toml"
    if args.json:
        print_json({"path": str(path), "exists": path.exists()})
        return 0
    print(path)
    if not path.exists():
        say("(not there; `agentguictl config show` lists what it may say, as `name = value`)")
    return 0


def _value(value: Any) -> str:
    if isinstance(value, list | dict):
        return ", ".join(map(str, value)) or "-"
    return str(value).lower() if isinstance(value, bool) else str(value) or "/"
