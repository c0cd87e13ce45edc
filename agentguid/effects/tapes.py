"""Keeps old tapes small and, by the user's rule, few. The log never needs them."""

import asyncio
import logging
import shutil
import time
from pathlib import Path

from agentguid.effects.parts import EffectParts
from agentguid.hosts import compress
from agentguid.project import hosts

log = logging.getLogger(__name__)

PAUSE = 3600.0
"""Seconds between two looks."""
DAY = 86_400.0


async def keep(parts: EffectParts) -> None:
    """Compresses the tapes of hosts that have ended and deletes those beyond the rule, for ever."""
    while True:
        root = parts.places.tapes
        try:
            # Listed before the living are asked for: a host is in the log before its tape exists.
            found = await asyncio.to_thread(_folders, root)
            living = {row.id for row in hosts.living(parts.reader)}
            ended = [folder for folder in found if folder.name not in living]
            await asyncio.to_thread(_tidy, ended, parts.tape_days, parts.tape_megabytes)
        except OSError as error:
            log.warning("tapes could not be tidied: %s", error)
        await asyncio.sleep(PAUSE)


def _folders(root: Path) -> list[Path]:
    return [folder for folder in root.iterdir() if folder.is_dir()]


def _tidy(ended: list[Path], days: float, megabytes: float) -> None:
    for folder in ended:
        compress.compress(folder)
    folders = {folder.name: folder for folder in ended}
    kept = [_kept(folder) for folder in ended]
    for tape in compress.victims(kept, days * DAY, int(megabytes * 1024 * 1024)):
        shutil.rmtree(folders[tape])
        log.info("deleted an old tape", extra={"host": tape})


def _kept(folder: Path) -> compress.Kept:
    files = [entry.stat() for entry in folder.iterdir()]
    newest = max((entry.st_mtime for entry in files), default=0.0)
    return compress.Kept(folder.name, time.time() - newest, sum(entry.st_size for entry in files))
