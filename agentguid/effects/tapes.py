"""Keeps old tapes small and, by the user's rule, few; removes what hosts that have ended left of temporary files."""

import asyncio
import contextlib
import logging
import shutil
import time
from pathlib import Path

from agentguid.append import read
from agentguid.effects import scratch
from agentguid.effects.offers import MARK
from agentguid.effects.parts import EffectParts
from agentguid.hosts import compress
from agentguid.hosts.orphans import held
from agentguid.project import hosts
from agentguid.protocol.ids import CONVERSATION

log = logging.getLogger(__name__)

SOON = 30.0
"""Seconds until it is tried again while read models are being rebuilt."""
PAUSE = 3600.0
"""Seconds between two looks."""
DAY = 86_400.0


async def keep(parts: EffectParts) -> None:
    """Compresses the tapes of hosts that have ended and deletes those beyond the rule, for ever."""
    while True:
        root = parts.places.tapes
        if read.behind(parts.reader, CONVERSATION, parts.signature, limit=1):
            await asyncio.sleep(SOON)
            continue
        try:
            # Listed before the living are asked for: a host is in the log before its tape exists.
            found = await asyncio.to_thread(_folders, root)
            had = await asyncio.to_thread(scratch.names, parts.places)
            living = {row.id for row in hosts.living(parts.reader)}
            # The lock decides as well: after an upgrade the read model may not know of a host yet.
            ended = [
                folder
                for folder in found
                if folder.name not in living and not held(parts.places, folder.name)
            ]
            had = [host for host in had if not host.startswith(MARK)]
            await asyncio.to_thread(scratch.sweep, parts.places, had, living)
            await asyncio.to_thread(_tidy, ended, parts.tape_days, parts.tape_megabytes)
            for host in living:
                if mark := read.mark(parts.reader, host):
                    await asyncio.to_thread(compress.compress, root / host, mark.anchor)
        except OSError as error:
            log.warning("tapes could not be tidied: %s", error)
        await asyncio.sleep(PAUSE)


def _folders(root: Path) -> list[Path]:
    return [folder for folder in root.iterdir() if folder.is_dir()]


def _tidy(ended: list[Path], days: float, megabytes: float) -> None:
    kept, folders = [], {}
    for folder in ended:
        with contextlib.suppress(FileNotFoundError):  # its conversation has just been forgotten
            compress.compress(folder)
            kept.append(_kept(folder))
            folders[folder.name] = folder
    for tape in compress.victims(kept, days * DAY, int(megabytes * 1024 * 1024)):
        shutil.rmtree(folders[tape], ignore_errors=True)
        log.info("deleted an old tape", extra={"host": tape})


def _kept(folder: Path) -> compress.Kept:
    files = [entry.stat() for entry in folder.iterdir()]
    newest = max((entry.st_mtime for entry in files), default=0.0)
    return compress.Kept(folder.name, time.time() - newest, sum(entry.st_size for entry in files))
