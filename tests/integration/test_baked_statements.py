"""A run from the baked state does what a run that parses does: statement for statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

import manifests
import statements
from baked_wheel import Installed, InstalledProject, build
from runs import Finished, Warm

# What dbt does with a state does not hang on the version of Python; a bake takes seconds.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PROJECTS = {
    "naming": ROOT / "tests/dbt_projects/naming",
    "features": ROOT / "tests/dbt_projects/features",
    "packages": ROOT / "tests/dbt_projects/packages",
    "tpch": ROOT / "dbt_project",
}
RUN_TYPES = {"tpch": ("incremental", "test")}
"""Of a project with many nodes fewer runs than of the others."""
# so that what the first of all nodes asks of the catalog is always the same node's
ONE_BY_ONE = "--threads=1"


@dataclass(frozen=True)
class Told:
    """What a run did, without times, ids and places."""

    nodes: dict[str, int]
    tables: list[str]
    statements: dict[str, list[Any]]
    manifest: Any


Make = Callable[[str], InstalledProject]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Installed]:
    """Bakes and installs the wheel around a project, once."""
    made: dict[str, Installed] = {}

    def find(name: str) -> Installed:
        if name not in made:
            folder = tmp_path_factory.mktemp(name) / "built"
            made[name] = build(PROJECTS[name], folder, "--target=local")
        return made[name]

    return find


@pytest.fixture
def pair(
    wheel: Callable[[str], Installed], tmp_path: Path, warm: Warm
) -> Iterator[Callable[[str], tuple[InstalledProject, InstalledProject]]]:
    """Makes two places to run a project in: one with the state, one that has to parse."""
    places: list[InstalledProject] = []

    def make(name: str) -> tuple[InstalledProject, InstalledProject]:
        for who in ("baked", "parsed"):
            installed = wheel(name).copy(tmp_path / f"{who}_site")
            if who == "parsed":
                installed.without_states()
            places.append(InstalledProject(tmp_path / who, warm, installed=installed))
        return places[0], places[1]

    yield make
    for place in places:
        place.close()


def run(place: InstalledProject, *words: str) -> Finished:
    """Run it, one node after the other, and see that it was parsed as it should be."""
    done = place.run(*words, ONE_BY_ONE)
    baked = place.installed.states.is_dir()
    assert (done.summary["parse"] == "baked") == baked, done.summary["parse"] + done.stderr
    return done


def told(place: InstalledProject, done: Finished) -> Told:
    """What is to be compared of a run."""
    names = {str(place.site): "SITE", str(place.root): "ROOT"}
    [manifest] = done.artifacts.glob("commands/01-*/manifest.json")
    return Told(
        done.nodes,
        place.tables(),
        statements.read(place.statements, names),
        manifests.comparable(manifest, names),
    )


def assert_same(baked: Told, parsed: Told) -> None:
    """Compare what two runs did."""
    assert baked.nodes == parsed.nodes
    assert baked.tables == parsed.tables
    assert any(baked.statements), "no statement of any node was noted"
    assert baked.statements.keys() == parsed.statements.keys()
    for name, expected in parsed.statements.items():
        assert baked.statements[name] == expected, name
    assert manifests.differences(baked.manifest, parsed.manifest) == []


@pytest.mark.parametrize("name", PROJECTS)
def test_incremental_and_test(
    name: str, pair: Callable[[str], tuple[InstalledProject, InstalledProject]]
) -> None:
    """A first and a second build, and tests, in a schema that the bake has never heard of."""
    baked, parsed = pair(name)
    for run_type in RUN_TYPES.get(name, ("incremental", "incremental", "test")):
        words = (f"--run-type={run_type}", "--target-schema=Never_Seen_7")
        done = [run(place, *words) for place in (baked, parsed)]
        assert [each.code for each in done] == [0, 0], done[0].stdout + done[0].stderr
        assert done[0].nodes
        assert_same(told(baked, done[0]), told(parsed, done[1]))


CHANGED = {
    "naming": ("models/staging/places.sql", "1 as id", "1 as id, 2 as more"),
    "features": ("models/orders.sql", "cast(20 as double)", "cast(30 as double)"),
    "packages": ("installed/lib/models/calendar.sql", "m.id", "m.id, m.name"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_ci(name: str, pair: Callable[[str], tuple[InstalledProject, InstalledProject]]) -> None:
    """`ci` finds the same nodes modified, and reads the others in production alike."""
    baked, parsed = pair(name)
    path, old, new = CHANGED[name]
    for place in (baked, parsed):
        # production was built by the wheel before
        file = place.folder / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")
        assert place.run("--run-type=full", ONE_BY_ONE).code == 0
        file.write_text(text, encoding="utf-8")
    done = [run(place, "--run-type=ci", "--target-schema=pr_1") for place in (baked, parsed)]
    assert [each.code for each in done] == [0, 0], done[0].stdout + done[0].stderr
    assert sum(done[0].nodes.values()) > 0
    assert_same(told(baked, done[0]), told(parsed, done[1]))


def test_ci_with_nothing_modified(
    pair: Callable[[str], tuple[InstalledProject, InstalledProject]],
) -> None:
    """Names that were put into the state are no modification, from either side."""
    baked, _ = pair("naming")
    assert run(baked, "--run-type=full").code == 0
    done = run(baked, "--run-type=ci", "--target-schema=pr_1")
    assert (done.code, done.nodes) == (0, {})
    states = baked.installed.states
    aside = states.rename(states.with_name("aside"))
    done = run(baked, "--run-type=ci", "--target-schema=pr_2")
    assert (done.code, done.nodes) == (0, {})
    aside.rename(states)


def test_resumed(pair: Callable[[str], tuple[InstalledProject, InstalledProject]]) -> None:
    """An attempt goes on with what another one began, whichever of them parsed."""
    baked, parsed = pair("naming")
    words = ("--run-type=incremental", "--resume-key=k")
    found = []
    for place in (baked, parsed):
        place.artifacts.mkdir()
        with duckdb.connect(str(place.file)) as database:
            # the hooks of the marts write names here
            database.execute("create schema analytics_audit")
            database.execute("create table analytics_audit.runs (name integer)")
        assert run(place, *words).code == 1
        with duckdb.connect(str(place.file)) as database:
            database.execute("drop table analytics_audit.runs cascade")
        done = run(place, *words)
        assert done.code == 0, done.stdout + done.stderr
        assert done.summary["resumed_from"] is not None
        assert done.summary["carried"] > 0
        found.append(told(place, done))
    assert_same(*found)
