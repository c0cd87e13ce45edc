"""The daemon's own words: for people on a terminal, one JSON object a line elsewhere and in its file. Stdlib only.

What is logged names things by their ids. Tickets, tokens, cookies, prompts and environments are never logged.
"""

import json
import logging
import sys
import time
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path

FIELDS = ("conversation", "turn", "host", "input", "offset", "position", "actor", "terminal")
"""Fields that say what a line is about, given as `extra`."""
LARGEST = 2 * 1024 * 1024
"""Bytes of the file after which a new one is begun."""
KEPT = 3
"""Older files."""


class Json(logging.Formatter):
    """One object a line: at (seconds since the epoch), level, logger, message, then what it is about."""

    def format(self, record: logging.LogRecord) -> str:
        line = {"at": round(record.created, 3), "level": record.levelname.lower(), "logger": record.name}
        line["message"] = record.getMessage()
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class Human(logging.Formatter):
    """Time, level unless it is the usual one, message, what it is about."""

    def format(self, record: logging.LogRecord) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        about = "".join(f" {name}={getattr(record, name)}" for name in FIELDS if hasattr(record, name))
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        text = f"{clock} {level}{record.getMessage()}{about}"
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


class _File(RotatingFileHandler):
    """A full disk costs lines of the log, nothing else."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 — logging's name
        pass


def configure(level: str) -> None:
    """Logs to stderr: human on a terminal, JSON otherwise."""
    handler = logging.StreamHandler()
    handler.setFormatter(Human() if sys.stderr.isatty() else Json())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def keep(path: Path) -> None:
    """Logs to a bounded file too, for this user alone. Call it once the data directory is ours."""
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(0o600)
        handler = _File(path, maxBytes=LARGEST, backupCount=KEPT, encoding="utf-8", errors="backslashreplace")
        handler.setFormatter(Json())
        logging.getLogger().addHandler(handler)


def level(name: str) -> None:
    """Changes what is logged from now on."""
    logging.getLogger().setLevel(name.upper())


def last_words(sentence: str) -> None:
    """Why the program ends: for people as it is, for programs and the file as a line of the log."""
    logger = logging.getLogger("agentguid")
    if sys.stderr.isatty():
        print(f"agentguid: {sentence}", file=sys.stderr)
        logging.getLogger().removeHandler(logging.getLogger().handlers[0])
    logger.critical("%s", sentence)
