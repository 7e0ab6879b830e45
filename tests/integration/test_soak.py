"""Kills at random moments, on DuckDB; `make soak` does many hundreds of them."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

import soak

if TYPE_CHECKING:
    from runs import Project

KILLS = int(os.environ.get("KILLS", "8"))
SEED = os.environ.get("SEED", "6")
NUMBERS = "select i % 100 as id, (hash(i) % 7)::bigint as x from range(2000000) as t(i)"


@pytest.mark.slow
def test_nothing_twice_and_nothing_lost(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever is killed when: the tables are right, and nothing that was done is done again."""
    soak.write(project, NUMBERS)

    def rows(table: str) -> list[dict[str, Any]]:
        with duckdb.connect(str(project.file), read_only=True) as database:
            found = database.execute(f"select * from analytics.{table}")
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    made = soak.Soak(project, rows, random.Random(SEED))  # noqa: S311 - chaos, not secrets
    made.run(KILLS)
    with capsys.disabled():
        print("", *made.figures(), sep="\n")  # noqa: T201 - the figures of `make soak`
    assert made.faults() == []
    assert made.kills >= KILLS
