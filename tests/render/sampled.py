"""What programs really print, as recorded (those of Jest, Vitest, Mocha and Go follow their documentation)."""

from pathlib import Path

NAMES = sorted(path.stem for path in Path(__file__).with_name("samples").glob("*.txt"))


def sample(name: str) -> str:
    return (Path(__file__).with_name("samples") / f"{name}.txt").read_text()
