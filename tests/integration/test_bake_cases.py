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
    "hit": [
        "schema",
        "other target",
        "variable that is not read",
        "environment that no file reads",
    ],
    "miss": [
        "model",
        "macro",
        "naming macro",
        "yaml",
        "seed",
        "project",
        "variable that is read",
        "environment that is read",
        "version",
        "flag",
    ],
}
# all that can be wrong with the state itself
WHOLE = ["the wheel"]


def _chosen() -> list[Case]:
    """The first case of each group of one base, and all of some groups."""
    found: dict[tuple[str, str], list[Case]] = {}
    for case in CASES:
        if case.base == BASE:
            found.setdefault((case.expected, case.group), []).append(case)
    firsts = [found[expected, group][0] for expected, groups in CHOSEN.items() for group in groups]
    return firsts + [
        case for group in WHOLE for each in CHOSEN for case in found.get((each, group), ())
    ]


def test_grid_is_large_enough() -> None:
    """There are as many cases as promised, each once, and `always miss` would not pass."""
    counts = Counter(case.expected for case in CASES)
    assert counts.total() >= LEAST
    assert counts["hit"] >= LEAST_HITS
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Installed]:
    """The wheels that are changed."""
    folder = tmp_path_factory.mktemp("bases")
    return bake_cases.built(folder, [BASE, "packages"])


@pytest.mark.slow
@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in _chosen()])
def test_change(case: Case, bases: dict[str, Installed], tmp_path: Path, warm: Warm) -> None:
    """The state is served where nothing that decides a parse has changed, and nowhere else."""
    assert bake_cases.run(case, bases, tmp_path, warm) is None
