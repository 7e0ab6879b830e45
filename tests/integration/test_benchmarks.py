"""What benchmarks stand on: generated projects, and figures that a program can read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from generated_project import Shape, write

if TYPE_CHECKING:
    from runs import Project

START = Path(__file__).parents[2] / "benchmarks" / "start.py"


@pytest.mark.parametrize("shape", ["chain", "macros"])
def test_generated_project_builds(project: Project, shape: Shape) -> None:
    """A project builds without a warning, with as many nodes as the generator says."""
    expected = write(project.folder, 10, shape)
    done = project.run("--run-type=full", "--warnings=error")
    assert done.code == 0, done.stdout + done.stderr
    assert sum(done.nodes.values()) == expected
    assert project.query("select epoch(now() - began_at) < 60 from analytics.clock") == [(True,)]


def test_generated_project_is_the_same_each_time(tmp_path: Path) -> None:
    """The same arguments give the same files with the same bytes."""

    def files(folder: Path) -> dict[Path, bytes]:
        write(folder, 50)
        found = (file for file in folder.rglob("*") if file.is_file())
        return {file.relative_to(folder): file.read_bytes() for file in found}

    assert files(tmp_path / "one") == files(tmp_path / "two")


@pytest.mark.slow
def test_figures(tmp_path: Path) -> None:
    """A benchmark prints a JSON line for each figure, and ends with 0 where it has no goal."""
    done = subprocess.run(
        [sys.executable, str(START)],
        env={"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path), "MODELS": "3", "RUNS": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = [json.loads(line) for line in done.stdout.splitlines()]
    names = ["first_sql_vs_cold_3", "first_sql_vs_warm_3"]
    assert [figure["figure"] for figure in figures] == names
    assert all(figure["ratio"] > 0 and figure["n"] == 1 for figure in figures)
