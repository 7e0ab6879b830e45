"""Real dbt on DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runs import Project, Warm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """Forks processes for the runs of all tests."""
    found = Warm("dbt.adapters.duckdb", "duckdb")
    yield found
    found.close()


@pytest.fixture
def project(tmp_path: Path, warm: Warm) -> Iterator[Project]:
    """An empty project."""
    made = Project(tmp_path, warm)
    yield made
    made.close()
