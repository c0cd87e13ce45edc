"""What can be set in the scripted ACP agent: its mode, its model, what it offers beside them. Standard library only."""

import json
import time
from pathlib import Path
from typing import Any

from tests.support.acpoffers import Offers

MODES = ["auto", "default", "acceptEdits", "plan"]
MODELS = ["small", "large"]


class ProtocolError(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Settings(Offers):
    """Mixed into `acpagent.Agent`. With the habit `keeps` model and options are a session's, also in another process."""

    home: Path
    session: str
    mode: str
    model: str
    taken_up = False

    def update(self, variant: str, /, **fields: Any) -> None:
        raise NotImplementedError

    def set(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request to set something."""
        match method:
            case "session/set_mode":
                if "dawdles" in self.habits:
                    time.sleep(600)
                if "stuck" in self.habits or ("stiff" in self.habits and self.taken_up):
                    raise ProtocolError(-32603, "Modes are broken today")
                self.mode = params["modeId"]
                self.update("current_mode_update", currentModeId=self.mode)
                return {}
            case "session/set_model":
                if params["modelId"] not in MODELS:
                    raise ProtocolError(-32602, "No such model")
                self.model = params["modelId"]
                self._keep()
                return {}
        if not self.choose(params["configId"], params["value"]):
            raise ProtocolError(-32602, "No such option")
        self._keep()
        return {"configOptions": self.options()}

    def offered(self) -> dict[str, Any]:
        """Of the answer to `session/new` and its kin."""
        names = [*MODES, "yolo"] if "wild" in self.habits else MODES
        names = [mode for mode in names if mode != "plan" or "planless" not in self.habits]
        modes = {"currentModeId": self.mode, "availableModes": [{"id": one, "name": one} for one in names]}
        models = {
            "currentModelId": self.model,
            "availableModels": [{"modelId": one, "name": one} for one in MODELS],
        }
        found: dict[str, Any] = {} if "plain" in self.habits else {"modes": modes, "models": models}
        if (self.home.parent / "outgrown").exists():
            found.pop("models")
        if options := self.options():
            found["configOptions"] = options
        return found

    def take_up(self) -> None:
        """A session has what was set in it. With the habit `stiff` its mode stays what it is."""
        self.taken_up = True
        if self._kept.exists():
            self.model, self.chosen = json.loads(self._kept.read_text())

    def _keep(self) -> None:
        if "keeps" in self.habits:
            self._kept.write_text(json.dumps([self.model, self.chosen]))

    @property
    def _kept(self) -> Path:
        return self.home.parent / f"{self.session}.settings"
