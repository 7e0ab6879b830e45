"""Which generated projects a benchmark builds, and how often."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from generated_project import SHAPES, Shape

LARGE, FEW = 3000, 3
"""From so many models on, so many rounds suffice."""


@dataclass(frozen=True)
class Size:
    """How large a project is, and of which shape."""

    models: int
    shape: Shape = "plain"

    @classmethod
    def parse(cls, text: str) -> Size:
        """Read `300` or `chain-600`; raises `SystemExit` for anything else."""
        shape, _, models = text.strip().rpartition("-")
        for known in SHAPES:
            if known == (shape or "plain") and models.isdecimal() and int(models) >= 3:
                return cls(int(models), known)
        msg = f"expected a number of models, at least 3, such as 300 or chain-600, got {text!r}"
        raise SystemExit(msg)

    @classmethod
    def wanted(cls, variable: str, default: str) -> list[Size]:
        """Those that a variable of the environment lists."""
        return [cls.parse(text) for text in os.environ.get(variable, default).split(",")]

    @property
    def label(self) -> str:
        """What a figure's name ends with."""
        return str(self.models) if self.shape == "plain" else f"{self.shape}_{self.models}"


def rounds(size: Size | None = None) -> int:
    """How often a project is built, by the variable `RUNS`: `5`, or a list as `5,chain-600=1`.

    Args:
        size: of the project; `None` for what is not one.

    Raises:
        SystemExit: the variable says something else.
    """
    often, own = 5, {}
    for text in os.environ.get("RUNS", "5").split(","):
        name, is_own, number = text.rpartition("=")
        if not number.strip().isdecimal() or int(number) < 1:
            msg = f"RUNS: expected rounds, such as 5 or 5,chain-600=1, got {text!r}"
            raise SystemExit(msg)
        if is_own:
            own[Size.parse(name)] = int(number)
        else:
            often = int(number)
    if size in own:
        return own[size]
    return min(often, FEW) if size and size.models >= LARGE else often
