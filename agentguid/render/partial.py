"""JSON that was cut off somewhere, made whole: what is unfinished is ended or left out."""

import re

_HALF = re.compile(r"\\(u[0-9a-fA-F]{0,3})?$")


class _Reader:
    def __init__(self) -> None:
        self.closers: list[str] = []
        self.value = True
        """A string that begins here is a value, not a name."""
        self.safe = (0, "")
        """Up to where the text can be cut, and what closes it there."""

    def mark(self, place: int) -> None:
        self.safe = (place, "".join(reversed(self.closers)))

    def structure(self, letter: str, place: int) -> None:
        if letter in "{[":
            self.closers.append("}" if letter == "{" else "]")
            self.value = letter == "["
            self.mark(place + 1)
        elif letter in "}]":
            if self.closers:
                self.closers.pop()
            self.mark(place + 1)
        elif letter == ",":
            self.mark(place)
            self.value = self.closers[-1:] == ["]"]
        elif letter == ":":
            self.value = True


def completed(text: str) -> str:
    """Valid JSON when `text` is the beginning of some; anything for anything else."""
    reader, place = _Reader(), 0
    while place < len(text):
        letter = text[place]
        if letter == '"':
            end = _end_of_string(text, place + 1)
            if end < 0:
                if not reader.value:
                    break
                return _HALF.sub("", text) + '"' + "".join(reversed(reader.closers))
            place = end
            if reader.value:
                reader.mark(place + 1)
        else:
            reader.structure(letter, place)
        place += 1
    cut, closers = reader.safe
    return text[:cut] + closers


def _end_of_string(text: str, place: int) -> int:
    while True:
        end = text.find('"', place)
        if end < 0:
            return -1
        slashes = end
        while slashes > 0 and text[slashes - 1] == "\\":
            slashes -= 1
        if (end - slashes) % 2 == 0:
            return end
        place = end + 1
