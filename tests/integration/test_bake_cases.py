"""A stale parse state is never used, and one that fits is: some cases of the listed grid."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

import bake_cases
from bake_cases import LEAST, LEAST_HITS, Case, listed

if TYPE_CHECKING:
    from pathlib import Path

    from baked_wheel import Installed
    from runs import Warm

BASE = "naming"
CASES = listed()
CHOSEN = {
    "hit": (
        "schema",
        "other target",
        "variable that is not read",
        "environment that no file reads",
        "the wheel",
    ),
    "miss": (
        "file gets another line",
        "model",
        "macro",
        "naming macro",
        "yaml",
        "seed",
        "project",
        "variable that is read",
        "environment that is read",
        "version",
    ),
}
PLACES = ("flipped byte", "shortened state", "no key", "broken key", "state of another target")
"""What can be wrong with the state itself."""


def _chosen() -> list[Case]:
    """The first case of each of those groups, of one base."""
    found: dict[tuple[str, str], Case] = {}
    for case in (case for case in CASES if case.base == BASE):
        found.setdefault((case.expected, case.group), case)
    places = [case for case in CASES if case.base == BASE and case.change.get("place") in PLACES]
    firsts = [found[expected, group] for expected, groups in CHOSEN.items() for group in groups]
    return firsts + places


def test_grid_is_large_enough() -> None:
    """There are as many cases as promised, each once, and `always miss` would not pass."""
    counts = Counter(case.expected for case in CASES)
    assert counts.total() >= LEAST
    assert counts["hit"] >= LEAST_HITS
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Installed]:
    """The wheel that is changed."""
    return bake_cases.built(tmp_path_factory.mktemp("bases"), [BASE])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where one case after the other is made."""
    return tmp_path_factory.mktemp("cases")


@pytest.mark.slow
@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in _chosen()])
def test_change(case: Case, bases: dict[str, Installed], folder: Path, warm: Warm) -> None:
    """The state is served where nothing that decides a parse has changed, and nowhere else."""
    assert bake_cases.run(case, bases, folder, warm) is None
