"""What each build of a generated project took, and how ours compare."""

from __future__ import annotations

import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from contenders import COLD, FACTORY, NOTEBOOK, OURS, UNPATCHED, WARM, check, contender, wheel
from paired import Column, Spent, tell
from places import Place, Site
from sizes import Size, rounds

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from generated_project import write


@dataclass(frozen=True)
class Built:
    """One build.

    Attributes:
        first_sql: seconds from the start of the process to the transaction of the first model, by
            the database's clock, which is this machine's.
        nodes: models, tests and seeds of the project.
    """

    spent: Spent
    first_sql: float
    nodes: int

    @property
    def wall(self) -> float:
        """Seconds, the whole process."""
        return self.spent.seconds

    @property
    def cpu_per_node(self) -> float:
        """Milliseconds of processor time, the whole process, start and parse included."""
        return 1000 * self.spent.cpu / self.nodes

    @property
    def memory(self) -> float:
        """MiB at the peak."""
        return self.spent.memory


@dataclass(frozen=True)
class Rounds:
    """What each contender's builds of a project took, oldest first."""

    label: str
    builds: Mapping[str, list[Built]]

    def tell(
        self,
        figure: str,
        value: Callable[[Built], float],
        theirs: str,
        *,
        ours: str = OURS,
        goals: Mapping[str, float] | None = None,
        unit: str = "s",
    ) -> bool:
        """Print how ours compares, if both took part.

        Args:
            figure: its name without the project's.
            goals: by what the figure's name ends with.

        Returns:
            Whether the goal is reached.
        """
        if not {ours, theirs} <= self.builds.keys():
            return True
        mine, other = (
            Column(name, [value(built) for built in self.builds[name]]) for name in (ours, theirs)
        )
        goal = (goals or {}).get(self.label)
        return tell(f"{figure}_{self.label}", mine, other, goal=goal, unit=unit)


def measure(size: Size, place: Place, *, fails: bool = False) -> Rounds:
    """Have all contenders build a project in turn, each from an empty schema.

    - plain cold: `dbt build` in a fresh folder, with a fresh home, into a schema never seen;
    - plain warm: the same again in that folder: its saved parse is there, and its schema is known;
    - dbt-factory: there too, where it finds that parse as the one it was handed beforehand;
    - dbt-runner, with and without its patches of dbt: each in another fresh folder, with a fresh
      home, into a schema never seen, from the wheel that was baked around the project.

    The variable `WITHOUT` leaves some out: `factory,runner unpatched`.

    Args:
        fails: let the project fail at its second model, since what follows is of no interest.
    """
    without = {f"dbt-{name}" for name in os.environ.get("WITHOUT", "").split(",") if name}
    if without - {FACTORY, UNPATCHED}:
        msg = f"WITHOUT: expected factory, runner unpatched, or both, got {os.environ['WITHOUT']!r}"
        raise SystemExit(msg)
    if FACTORY not in without and not NOTEBOOK.is_file():
        sys.stderr.write(f"{FACTORY} is left out: {NOTEBOOK} is not there\n")
        without.add(FACTORY)
    builds: defaultdict[str, list[Built]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="bench-wheel-") as made:
        installed = wheel(size, place, Path(made), fails=fails)
        for number in range(rounds(size)):
            with tempfile.TemporaryDirectory(prefix="bench-builds-") as name:
                theirs, ours, unpatched = (
                    Site(Path(name, who), f"{who}_{os.getpid()}_{size.label}_{number}")
                    for who in ("theirs", "ours", "unpatched")
                )
                for site in (theirs, ours, unpatched):
                    site.settle()
                nodes = write(theirs.folder / "shop", size.models, size.shape, fails=fails)
                for who, site in (
                    (COLD, theirs),
                    (WARM, theirs),
                    (FACTORY, theirs),
                    (OURS, ours),
                    (UNPATCHED, unpatched),
                ):
                    if who in without:
                        continue
                    spent = contender(who, site, place, installed, code=int(fails)).spend()
                    if site is not theirs:
                        check(who, site)
                    built = Built(spent, place.first_sql(site) - spent.began, nodes)
                    builds[who].append(built)
                    place.clear(site)
                    sys.stderr.write(
                        f"  {size.label}, round {number + 1}, {who}: {built.first_sql:.2f} s to "
                        f"the first SQL, {built.wall:.2f} s in all\n"
                    )
                    sys.stderr.flush()
    return Rounds(size.label, builds)
