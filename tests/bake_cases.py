"""The cases of `bake_cases.yml`: a change in an installed wheel, and what has to follow from it.

`python tests/bake_cases.py [pattern]` runs all of them, or those whose name matches, and ends
with 1 if one does not hold.
"""

from __future__ import annotations

import fnmatch
import json
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

import manifests
from bake_changes import make
from baked_wheel import Installed, InstalledProject, build
from runs import Warm

FILE = Path(__file__).with_suffix(".yml")
PROJECTS = Path(__file__).with_name("dbt_projects")
WORKERS = 2
LEAST, LEAST_HITS = 200, 60
"""How many cases there are at least; a state that is never served would pass all but the hits."""

COMMAND = "--run-type=compile"
"""Parses, and writes a manifest, without a table."""


@dataclass(frozen=True)
class Case:
    """One change.

    Attributes:
        base: name of the project.
        change: as in the file: a key and its value.
        expected: whether the state may still be served.
        why: pattern of what a miss has to name; empty for anything.
    """

    base: str
    group: str
    change: Mapping[str, Any]
    expected: Literal["hit", "miss"]
    why: str = ""

    @property
    def name(self) -> str:
        """As short as it can be told apart."""
        return f"{self.base} {self.group}: {json.dumps(self.change, ensure_ascii=False)}"


def listed() -> list[Case]:
    """All cases, in the order of the file."""
    grid = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return [
        Case(base, group["name"], change, expected, _why(group, change, expected))
        for expected in ("hit", "miss")
        for group in grid[expected]
        for base in group.get("bases", grid["bases"])
        for change in _changes(group, PROJECTS / base)
    ]


def _changes(group: Mapping[str, Any], project: Path) -> Iterator[Mapping[str, Any]]:
    yield from group.get("each", ())
    for pattern in group.get("for_each", ()):
        for file in sorted(project.glob(pattern)):
            path = file.relative_to(project).as_posix()
            if path not in group["without"]:
                yield {"append": {path: group["append"]}}


def _why(group: Mapping[str, Any], change: Mapping[str, Any], expected: str) -> str:
    """What has to be named: the pattern of the group, or any of the files or versions."""
    if expected == "hit":
        return ""
    if "why" in group:
        return str(group["why"])
    names = [str(name) for value in change.values() for name in value]
    values = [
        str(name) for value in change.values() if isinstance(value, dict) for name in value.values()
    ]
    return "|".join(map(re.escape, names + (values if "rename" in change else [])))


def run(case: Case, bases: Mapping[str, Installed], folder: Path, warm: Warm) -> str | None:
    """Make the change in a copy, run it, and judge.

    Args:
        bases: installed wheels, by the name of their project.
        folder: for the copy and its runs; what a case before left there goes, but for dbt's own
            saved parse, which spares a miss most of its time.

    Returns:
        What does not hold; `None` if all does.
    """
    for left in (folder / name for name in ("site", "run", "other_cache")):
        if left.is_symlink():
            left.unlink()
        shutil.rmtree(left, ignore_errors=True)
    installed = bases[case.base].copy(folder / "site")
    words, env = make(case.change, installed, bases[other_than(case.base, bases)])
    env["XDG_CACHE_HOME"] = str(folder / "cache")
    place = InstalledProject(folder / "run", warm, installed=installed)
    done = place.run(COMMAND, *words, env=env)
    # a state that does not fit would have spared it the parse that fails
    parse = done.summary["parse"] if done.code == 0 or done.stdout else f"full: {done.stderr}"
    served = parse == "baked"
    if served != (case.expected == "hit"):
        return f"{case.expected} expected, but {parse!r} (exit {done.code}) {done.stderr[-500:]}"
    if not served:
        named = re.search(case.why, str(parse)) or done.code == 2
        return None if named else f"the reason {parse!r} does not name {case.why}"
    if done.code:
        return f"exit {done.code}: {done.stdout[-500:]}{done.stderr[-500:]}"
    installed.without_states()
    anew = {**env, "XDG_CACHE_HOME": str(folder / "other_cache")}
    parsed = place.run(COMMAND, *words, "--resume=never", env=anew)
    if parsed.code or not str(parsed.summary["parse"]).startswith("full"):
        return f"the run to compare with: exit {parsed.code}, {parsed.summary['parse']!r}"
    found = [
        manifests.comparable(each.artifacts / "commands/01-compile/manifest.json", {})
        for each in (done, parsed)
    ]
    differences = manifests.differences(*found)
    return "; ".join(differences[:5]) or None


def other_than(base: str, bases: Iterable[str]) -> str:
    """Another project, for a case that needs one, if there is one."""
    return next((name for name in bases if name != base), base)


def built(folder: Path, names: Iterable[str]) -> dict[str, Installed]:
    """Bake and install the wheel around each of the bases."""
    names = list(names)
    with ThreadPoolExecutor(WORKERS) as pool:
        wheels = pool.map(lambda name: build(PROJECTS / name, folder / name), names)
        found = dict(zip(names, wheels, strict=True))
    for name, installed in found.items():
        if installed.baked() != ["local", "other"]:
            msg = f"{name} was baked for {installed.baked()} only: {installed.said}"
            raise ValueError(msg)
    return found


@contextmanager
def warm() -> Iterator[Warm]:
    """What forks the runs."""
    found = Warm("dbt.adapters.duckdb", "duckdb")
    try:
        yield found
    finally:
        found.close()


def main() -> int:
    """Run them, a worker for each processor."""
    pattern = sys.argv[1] if len(sys.argv) > 1 else "*"
    cases = [case for case in listed() if fnmatch.fnmatch(case.name, pattern)]
    began, counts = time.monotonic(), Counter(case.expected for case in cases)
    failed: list[Case] = []
    with tempfile.TemporaryDirectory(prefix="bake-cases-") as name:
        bases = built(Path(name, "bases"), sorted({case.base for case in listed()}))

        def worker(share: list[Case]) -> None:
            with warm() as own:
                folder = Path(tempfile.mkdtemp(dir=name))
                for case in share:
                    fault = run(case, bases, folder, own)
                    if fault:
                        failed.append(case)
                    verdict = f"FAILED ({fault})" if fault else "ok"
                    sys.stdout.write(f"{case.expected} {case.name}: {verdict}\n")
                    sys.stdout.flush()

        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(worker, [cases[number::WORKERS] for number in range(WORKERS)]))
    sys.stdout.write(
        f"{len(cases)} cases: {counts['hit']} hits, {counts['miss']} misses, {len(failed)} failed, "
        f"{time.monotonic() - began:.0f} s\n"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
