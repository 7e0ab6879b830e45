"""The packaged project, run by dbt-runner on TPC-H data of a scale."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import pytest


@dataclass(frozen=True)
class Sample:
    """A folder with the artifacts and the DuckDB file of some runs of a project."""

    folder: Path
    scale: str
    project: Path | None = None
    packaged: ClassVar[Path] = Path(__file__).parents[2] / "dbt_project"

    def run(self, run_type: str, *arguments: str) -> dict[str, Any]:
        """Run the project, the packaged one if there is no other; returns the summary."""
        words = [
            *(
                sys.executable,
                "-c",
                "import sys; from dbt_runner.cli import main; sys.exit(main())",
            ),
            f"--run-type={run_type}",
            f"--artifacts={self.folder}",
            f"--sample-scale={self.scale}",
            "--log-format=json",
            *([f"--project-dir={self.project}"] if self.project else []),
            *arguments,
        ]
        done = subprocess.run(words, check=False, capture_output=True, text=True)
        assert done.stdout, done.stderr
        summary: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        assert summary["exit_code"] == done.returncode
        return summary

    def succeed(self, run_type: str, *arguments: str) -> None:
        """Run the project to a green end."""
        summary = self.run(run_type, *arguments)
        assert summary["status"] == "success", summary

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Query the database, over a connection that is closed before the next run."""
        with duckdb.connect(str(self.folder / "local.duckdb"), read_only=True) as connection:
            return connection.sql(query).fetchall()

    def copy(self, folder: Path, project: Path | None = None) -> Sample:
        """Copy the database, to go on from there."""
        folder.mkdir(parents=True)
        shutil.copyfile(self.folder / "local.duckdb", folder / "local.duckdb")
        return replace(self, folder=folder, project=project)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Scale 0.01, built once; go on from a copy of it."""
    sample = Sample(tmp_path_factory.mktemp("small"), "0.01")
    sample.succeed("full")
    return sample


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Scale 1, of which TPC-H publishes the answers, built once."""
    sample = Sample(tmp_path_factory.mktemp("published"), "1")
    sample.succeed("full")
    return sample
