"""`agentguid`: the daemon in the foreground."""

import sys


def main(argv: list[str] | None = None) -> int:
    """Starts the daemon; returns the exit status (0, 1, or 78 for a bad setting)."""
    from agentguid.settings import BadSetting, load  # noqa: PLC0415  a bad setting is said before anything heavy loads

    try:
        settings = load(sys.argv[1:] if argv is None else argv)
    except BadSetting as bad:
        print(f"agentguid: {bad}", file=sys.stderr)
        return 78
    import asyncio  # noqa: PLC0415

    from agentguid import daemon, logs  # noqa: PLC0415
    from agentguid.protocol.errors import AgentguidError  # noqa: PLC0415

    logs.configure(settings.log_level)
    try:
        asyncio.run(daemon.run(settings))
    except BadSetting as bad:
        print(f"agentguid: {bad}", file=sys.stderr)
        return 78
    except AgentguidError as error:
        logs.last_words(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
