"""Who builds a generated project, from where, and what each build took."""

from __future__ import annotations

import compileall
import os
import sys
import sysconfig
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from paired import Column, Contender, Spent, tell
from places import Place, Site

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from generated_project import SHAPES, Shape, write

ROOT = Path(__file__).resolve().parents[1]
COLD, WARM, FACTORY, OURS = "plain cold", "plain warm", "dbt-factory", "dbt-runner"
RUNS = int(os.environ.get("RUNS", "5"))
LARGE, FEW = 3000, 3
"""From so many models on, so many rounds suffice."""
THREADS = 8
SCRIPTS = Path(sysconfig.get_path("scripts"))
NOTEBOOK = Path(os.environ.get("BENCH_FACTORY", "databricks-dbt-factory"))
"""What databricks-dbt-factory has its tasks run."""


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
        goals: Mapping[str, float] | None = None,
        unit: str = "s",
    ) -> bool:
        """Print how ours compares, if that other contender took part.

        Args:
            figure: its name without the project's.
            goals: by what the figure's name ends with.

        Returns:
            Whether the goal is reached.
        """
        if theirs not in self.builds:
            return True
        mine, other = (
            Column(name, [value(built) for built in self.builds[name]]) for name in (OURS, theirs)
        )
        goal = (goals or {}).get(self.label)
        return tell(f"{figure}_{self.label}", mine, other, goal=goal, unit=unit)


def measure(size: Size, place: Place, *, fails: bool = False) -> Rounds:
    """Have all contenders build a project in turn, each from an empty schema.

    - plain cold: `dbt build` in a fresh folder, with a fresh home, into a schema never seen;
    - plain warm: the same again in that folder: its saved parse is there, and its schema is known;
    - dbt-factory: there too, where it finds that parse as the one it was handed beforehand;
    - dbt-runner: in another fresh folder, with a fresh home, into a schema never seen.

    Args:
        fails: let the project fail at its second model, since what follows is of no interest.
    """
    compileall.compile_dir(ROOT / "src", quiet=1)
    if not NOTEBOOK.is_file():
        sys.stderr.write(f"{FACTORY} is left out: {NOTEBOOK} is not there\n")
    builds: defaultdict[str, list[Built]] = defaultdict(list)
    for number in range(min(RUNS, FEW) if size.models >= LARGE else RUNS):
        with tempfile.TemporaryDirectory(prefix="bench-builds-") as name:
            theirs, ours = (
                Site(Path(name, who), f"{who}_{os.getpid()}_{size.label}_{number}")
                for who in ("theirs", "ours")
            )
            _settle(theirs, size, fails=fails)
            nodes = _settle(ours, size, fails=fails)
            for who, words, site in (
                (COLD, _plain(theirs, place), theirs),
                (WARM, _plain(theirs, place), theirs),
                (FACTORY, _factory(theirs), theirs),
                (OURS, _ours(ours, place), ours),
            ):
                if who == FACTORY and not NOTEBOOK.is_file():
                    continue
                spent = _contender(who, words, site, place, code=int(fails)).spend()
                built = Built(spent, place.first_sql(site) - spent.began, nodes)
                builds[who].append(built)
                place.clear(site)
                sys.stderr.write(
                    f"  {size.label}, round {number + 1}, {who}: {built.first_sql:.2f} s to the "
                    f"first SQL, {built.wall:.2f} s in all\n"
                )
                sys.stderr.flush()
    return Rounds(size.label, builds)


def _settle(site: Site, size: Size, *, fails: bool) -> int:
    for inner in ("home", "tmp", "artifacts", "profiles"):
        (site.folder / inner).mkdir(parents=True)
    return write(site.folder / "shop", size.models, size.shape, fails=fails)


def _plain(site: Site, place: Place) -> list[str]:
    """As its users run it: its own flags, target folder and log."""
    output = {**place.output(site), "threads": THREADS}
    profile = {"shop": {"target": "bench", "outputs": {"bench": output}}}
    folder = site.folder / "profiles"
    (folder / "profiles.yml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    return [str(SCRIPTS / "dbt"), "build", f"--profiles-dir={folder}"]


def _factory(site: Site) -> list[str]:
    """The notebook that its tasks run, with the whole project as one command."""
    script = str(Path(__file__).with_name("factory.py"))
    folders = [str(site.folder / "shop"), str(site.folder / "profiles")]
    return [sys.executable, script, str(NOTEBOOK), *folders, "dbt build"]


def _ours(site: Site, place: Place) -> list[str]:
    """As in a job: JSON lines, the log and all artifacts kept."""
    return [
        str(SCRIPTS / "dbt-runner"),
        "--run-type=incremental",
        f"--project-dir={site.folder / 'shop'}",
        f"--artifacts={site.folder / 'artifacts'}",
        f"--threads={THREADS}",
        *place.words(site),
    ]


def _contender(name: str, words: list[str], site: Site, place: Place, *, code: int) -> Contender:
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(site.folder / "home"),
        "TMPDIR": str(site.folder / "tmp"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        **place.environment(),
    }
    return Contender(name, words, environment, site.folder / "shop", code=code)
