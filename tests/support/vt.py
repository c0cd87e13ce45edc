"""A terminal's screen, as far as `agentguictl` draws on it. What it does not know fails the test."""

import re

from agentguid.cli.cells import cell

TOKEN = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|\x1b([78D])|([\r\n\b\x07])|([^\x1b])", re.DOTALL)


class Vt:
    """Lines without end upwards; a line that is too long goes on in the next one."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.lines: list[list[str]] = [[]]
        self.row = self.column = 0
        self.saved = (0, 0)
        self.wrapped = 0
        """How often a line did not fit."""
        self._rest = ""

    def feed(self, text: str) -> None:
        text = self._rest + text
        cut = text.rfind("\x1b")
        if cut >= 0 and len(text) - cut < 12 and not TOKEN.match(text, cut):
            text, self._rest = text[:cut], text[cut:]
        else:
            self._rest = ""
        at = 0
        while at < len(text):
            found = TOKEN.match(text, at)
            assert found, f"a sequence that is not known: {text[at : at + 20]!r}"
            numbers, final, short, control, char = found.groups()
            if final:
                self._csi(int(numbers.split(";")[0] or 0) if numbers.strip("?;") else 0, final)
            elif short:
                self._short(short)
            elif control:
                self._control(control)
            else:
                self._put(char)
            at = found.end()

    @property
    def text(self) -> str:
        """Everything, line by line, without blanks at the ends."""
        return "\n".join("".join(line).rstrip() for line in self.lines).rstrip("\n")

    def _csi(self, number: int, final: str) -> None:
        match final:
            case "m" | "h" | "l":
                pass
            case "A":
                self.row = max(0, self.row - max(1, number))
            case "D":
                self.column = max(0, self.column - max(1, number))
            case "K":
                del self.lines[self.row][self.column :]
            case "J":
                del self.lines[self.row][self.column :]
                del self.lines[self.row + 1 :]
            case _:
                raise AssertionError(f"CSI {final} is not known")

    def _short(self, name: str) -> None:
        if name == "7":
            self.saved = (self.row, self.column)
        elif name == "8":
            self.row, self.column = self.saved
        else:
            self._down()

    def _control(self, char: str) -> None:
        if char == "\r":
            self.column = 0
        elif char == "\n":
            self._down()
        elif char == "\b":
            self.column = max(0, self.column - 1)

    def _down(self) -> None:
        self.row += 1
        while len(self.lines) <= self.row:
            self.lines.append([])

    def _put(self, char: str) -> None:
        wide = cell(char)
        if wide and self.column + wide > self.columns:
            self.wrapped += 1
            self.column = 0
            self._down()
        line = self.lines[self.row]
        line += [" "] * (self.column - len(line))
        if wide == 0:
            line[self.column - 1 : self.column] = [*line[self.column - 1 : self.column], char][:1]
            return
        line[self.column : self.column + wide] = [char] + [""] * (wide - 1)
        self.column += wide
