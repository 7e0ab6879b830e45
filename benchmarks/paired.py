"""Two commands timed in turn, so that a machine that gets slower slows both."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Contender:
    """A command to time as a whole process.

    Attributes:
        environment: the complete environment of the process.
    """

    name: str
    words: Sequence[str]
    environment: dict[str, str]
    folder: Path

    def seconds(self) -> float:
        """Wall time of one run.

        Raises:
            SystemExit: the command failed, so there is nothing to compare.
        """
        began = time.perf_counter()
        done = subprocess.run(
            self.words,
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        spent = time.perf_counter() - began
        if done.returncode:
            tail = (done.stdout + done.stderr).decode(errors="replace")[-2000:]
            msg = f"{self.name} ended with {done.returncode}:\n{tail}"
            raise SystemExit(msg)
        return spent


def compare(figure: str, ours: Contender, theirs: Contender, *, runs: int, goal: float) -> bool:
    """Time two commands in turn and print a figure: the ratio of the medians.

    A line for people goes to standard error, a JSON object to standard output.

    Returns:
        Whether the goal is reached.
    """
    for contender in (ours, theirs):
        contender.seconds()
    pairs = [(ours.seconds(), theirs.seconds()) for _ in range(runs)]
    medians = [statistics.median(column) for column in zip(*pairs, strict=True)]
    ratio = medians[0] / medians[1]
    each = sorted(a / b for a, b in pairs)
    sys.stderr.write(
        f"{figure:<22} {ours.name} {medians[0]:.2f} s, {theirs.name} {medians[1]:.2f} s, "
        f"ratio {ratio:.3f} (pairs {each[0]:.3f} to {each[-1]:.3f}), goal {goal}\n"
    )
    line = {"figure": figure, "ratio": round(ratio, 4), "n": runs, "goal": goal}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
    return ratio <= goal
