"""The table of verbs. Each is the module of the same name with `arguments(parser)` and `run(args) -> exit code`."""

VERBS = {
    "status": "how the daemon is",
    "ls": "list conversations, newest first",
    "new": "create a conversation and print its id",
    "run": "create a conversation here, send a prompt and follow the answer",
    "send": "send a message to a conversation",
    "follow": "watch a conversation as it goes on",
    "show": "print the transcript of a conversation",
    "stop": "stop the running turn of a conversation",
    "approvals": "list what agents ask permission for, allow it or deny it",
    "events": "print the log itself",
    "login": "print a one-time link that signs a browser in",
    "token": "create, list and revoke tokens for programs",
    "devices": "list the browsers that are signed in, sign one out",
    "service": "install, start, stop and watch the daemon as a systemd user service",
    "logs": "print what the daemon says about itself",
    "config": "show the settings and where each comes from",
    "verify": "check that the log is whole (works without the daemon)",
    "version": "print the version",
}
