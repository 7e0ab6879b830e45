"""Runs that do not build everything, against what plain dbt has for the same: whole processes.

- `test`: `dbt test`, of what was built before;
- `ci`: one model of production was changed, `dbt build --select state:modified+ --defer`; plain dbt
  is told to compare what configs were written as, as ours does, since else every node counts as
  modified in another schema;
- `resume`: a build that failed at its second model, and fails there again, `dbt retry`.

As in `builds.py`, plain cold has no saved parse, plain warm has that of the run before it, and ours
comes to a machine that has nothing but the wheel.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from contenders import COLD, OURS, WARM, check, contender, wheel
from paired import Column, tell
from places import DuckDb, Site
from sizes import Size, rounds

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from baked_wheel import Installed
from generated_project import write

PLACE = DuckDb()
PRODUCTION, OWN = "analytics", "ci_1"
AS_WRITTEN = "state_modified_compare_more_unrendered_values"
Times = Mapping[str, float]
"""Seconds of each contender."""


def main() -> int:
    """Print the figures."""
    for size in Size.wanted("MODELS", "300"):
        with tempfile.TemporaryDirectory(prefix="bench-wheels-") as name:
            plain = wheel(size, PLACE, Path(name, "plain"), change=_compare_as_written)
            changed = wheel(size, PLACE, Path(name, "changed"), change=_changed)
            failing = wheel(size, PLACE, Path(name, "failing"), fails=True)
            seconds: defaultdict[str, list[Times]] = defaultdict(list)
            for _ in range(rounds(size)):
                seconds["test"].append(_test(size, plain))
                seconds["ci"].append(_ci(size, plain, changed))
                seconds["resume"].append(_resume(size, failing))
        for kind, times in seconds.items():
            for other, theirs in (("cold", COLD), ("warm", WARM)):
                if theirs in times[0]:
                    ours, plains = (Column(w, [t[w] for t in times]) for w in (OURS, theirs))
                    tell(f"wall_{kind}_vs_{other}_{size.label}", ours, plains)
    return 0


def _test(size: Size, installed: Installed) -> Times:
    with _sites(size) as (theirs, ours):
        contender(COLD, theirs, PLACE, installed).spend()
        shutil.copy(theirs.folder / "artifacts/local.duckdb", ours.folder / "artifacts")
        shutil.rmtree(theirs.folder / "shop/target")
        return {
            COLD: contender(COLD, theirs, PLACE, installed, "test").seconds(),
            WARM: contender(WARM, theirs, PLACE, installed, "test").seconds(),
            OURS: _ours(ours, installed, "--run-type=test"),
        }


def _ci(size: Size, installed: Installed, changed: Installed) -> Times:
    with _sites(size) as (theirs, ours):
        _compare_as_written(theirs.folder / "shop")
        contender(COLD, theirs, PLACE, installed).spend()
        contender(OURS, ours, PLACE, installed).spend()
        shutil.move(theirs.folder / "shop/target", theirs.folder / "production")
        _change(theirs.folder / "shop")
        words = ("build", "--select=state:modified+", "--defer")
        words += (f"--state={theirs.folder / 'production'}",)
        own = Site(theirs.folder, OWN)
        return {
            COLD: contender(COLD, own, PLACE, changed, *words).seconds(),
            WARM: contender(WARM, own, PLACE, changed, *words).seconds(),
            OURS: _ours(Site(ours.folder, OWN), changed, "--run-type=ci"),
        }


def _resume(size: Size, failing: Installed) -> Times:
    with _sites(size, fails=True) as (theirs, ours):
        contender(COLD, theirs, PLACE, failing, code=1).spend()
        words = ("--run-type=incremental", "--resume-key=bench")
        contender(OURS, ours, PLACE, failing, *words, code=1).spend()
        return {
            WARM: contender(WARM, theirs, PLACE, failing, "retry", code=1).seconds(),
            OURS: _ours(ours, failing, *words, code=1),
        }


def _ours(site: Site, installed: Installed, *words: str, code: int = 0) -> float:
    seconds = contender(OURS, site, PLACE, installed, *words, code=code).seconds()
    check(OURS, site)
    return seconds


def _compare_as_written(project: Path) -> None:
    with (project / "dbt_project.yml").open("r+", encoding="utf-8") as file:
        text = file.read()
        file.seek(0)
        file.write(text.replace("flags: {", f"flags: {{{AS_WRITTEN}: true, "))


def _change(project: Path) -> None:
    """Change a model that nothing stands on but its tests."""
    with (project / "models/marts/mart_0.sql").open("a", encoding="utf-8") as file:
        file.write("-- changed\n")


def _changed(project: Path) -> None:
    _compare_as_written(project)
    _change(project)


@contextmanager
def _sites(size: Size, *, fails: bool = False) -> Iterator[tuple[Site, Site]]:
    """Plain dbt's and ours, with nothing in them but the project."""
    with tempfile.TemporaryDirectory(prefix="bench-kinds-") as name:
        theirs, ours = (Site(Path(name, who), PRODUCTION) for who in ("theirs", "ours"))
        for site in (theirs, ours):
            site.settle()
        write(theirs.folder / "shop", size.models, size.shape, fails=fails)
        yield theirs, ours


if __name__ == "__main__":
    sys.exit(main())
