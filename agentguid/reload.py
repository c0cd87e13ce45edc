"""Brings a changed configuration into force without a restart, as far as that can be done (SIGHUP)."""

import logging

from agentguid import logs, systemd
from agentguid.effects.parts import EffectParts
from agentguid.http.parts import Parts
from agentguid.settings import FIXED, BadSetting, Settings

log = logging.getLogger(__name__)


class Reload:
    """Call it at each SIGHUP. What it changes and what takes a restart is said in the log."""

    def __init__(self, settings: Settings, parts: Parts, effects: EffectParts) -> None:
        self._read = settings
        """As the configuration was last read, which is not in all points what is in force."""
        self._parts = parts
        self._effects = effects

    def __call__(self) -> None:
        systemd.reloading()
        try:
            self._take(self._read.again())
        except BadSetting as bad:
            log.warning("the configuration stays as it was: %s", bad)
        finally:
            systemd.notify("READY=1")

    def _take(self, read: Settings) -> None:
        names = [name for name in Settings.model_fields if getattr(read, name) != getattr(self._read, name)]
        self._read = read
        changed = [name for name in names if name not in FIXED]
        self._parts.settings = self._parts.settings.with_those_of(read, changed)
        spread(self._parts.settings, self._effects)
        for name in names:
            more = "takes a restart" if name in FIXED else "is in force"
            log.warning("%s %s", read.where(name), more) if name in FIXED else log.info(
                "%s %s", read.where(name), more
            )
        if not names:
            log.info("the configuration was read again; nothing has changed")


def spread(settings: Settings, effects: EffectParts) -> None:
    """Hands the settings to what keeps a copy of them."""
    logs.level(settings.log_level)
    effects.silent_after = settings.silent_seconds
    effects.retry_after = settings.pauses
    effects.idle_after = settings.idle_minutes * 60
    effects.tape_days = settings.tape_days
    effects.tape_megabytes = settings.tape_megabytes
    effects.import_watch = settings.import_watch
