"""Commands measured in turn, so that a machine that gets slower slows all of them."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Spent:
    """What a whole process took, with the processes that it waited for.

    Attributes:
        began: Unix time of its start.
        seconds: wall time.
        cpu: processor time in seconds, its own and the system's.
        memory: MiB that it held at its peak (`ru_maxrss`: the largest of the processes).
    """

    began: float
    seconds: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Contender:
    """A command to measure as a whole process.

    Attributes:
        environment: the complete environment of the process.
        code: the exit code that it has to end with.
    """

    name: str
    words: Sequence[str]
    environment: dict[str, str]
    folder: Path
    code: int = field(default=0, kw_only=True)

    def spend(self) -> Spent:
        """Run it once.

        Raises:
            SystemExit: it ended otherwise, so there is nothing to compare.
        """
        with tempfile.TemporaryFile() as output:
            began, clock = time.time(), time.perf_counter()
            process = subprocess.Popen(
                self.words,
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - clock
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != self.code:
                output.seek(0)
                tail = output.read().decode(errors="replace")[-2000:]
                msg = f"{self.name} ended with {process.returncode}:\n{tail}"
                raise SystemExit(msg)
        unit = 2**20 if sys.platform == "darwin" else 2**10
        memory = usage.ru_maxrss / unit
        return Spent(began, seconds, usage.ru_utime + usage.ru_stime, memory)

    def seconds(self) -> float:
        """Wall time of one run; raises as `spend` does."""
        return self.spend().seconds


@dataclass(frozen=True)
class Column:
    """What was measured of one contender, a value for each round."""

    name: str
    values: Sequence[float]


def compare(figure: str, ours: Contender, theirs: Contender, *, runs: int, goal: float) -> bool:
    """Time two commands in turn, after a first run of each, and tell the ratio.

    Returns:
        Whether the goal is reached.
    """
    for contender in (ours, theirs):
        contender.seconds()
    pairs = [(ours.seconds(), theirs.seconds()) for _ in range(runs)]
    mine, other = zip(*pairs, strict=True)
    return tell(figure, Column(ours.name, mine), Column(theirs.name, other), goal=goal)


def tell(
    figure: str, ours: Column, theirs: Column, *, goal: float | None = None, unit: str = "s"
) -> bool:
    """Print a figure: the ratio of the medians.

    A line for people goes to standard error, a JSON object to standard output.

    Args:
        goal: the ratio to reach; without one it is only told.

    Returns:
        Whether the goal is reached.
    """
    medians = [statistics.median(column.values) for column in (ours, theirs)]
    ratio = medians[0] / medians[1]
    each = sorted(a / b for a, b in zip(ours.values, theirs.values, strict=True))
    sys.stderr.write(
        f"{figure:<30} {ours.name} {medians[0]:.4g} {unit}, {theirs.name} {medians[1]:.4g} {unit}, "
        f"ratio {ratio:.3f} (pairs {each[0]:.3f} to {each[-1]:.3f})"
        f"{'' if goal is None else f', goal {goal}'}\n"
    )
    line = {"figure": figure, "ratio": round(ratio, 4), "n": len(each), "unit": unit}
    line |= {"ours": float(f"{medians[0]:.4g}"), "theirs": float(f"{medians[1]:.4g}")}
    sys.stdout.write(json.dumps(line if goal is None else {**line, "goal": goal}) + "\n")
    sys.stdout.flush()
    return goal is None or ratio <= goal
