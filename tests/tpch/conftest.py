"""TPC-H data in a DuckDB file, and dbt on it with the packaged project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

PROJECT = Path(__file__).parents[2] / "dbt_project"

TABLES = ("region", "nation", "customer", "supplier", "part", "partsupp", "orders", "lineitem")

PROFILES = """\
tpch:
  target: local
  outputs:
    local:
      type: duckdb
      path: {path}
      schema: analytics
      threads: 4
"""


@dataclass(frozen=True)
class Sample:
    """A folder with a DuckDB file, dbt's private folders beside it, and the project to run."""

    folder: Path
    project: Path = PROJECT

    @property
    def database(self) -> Path:
        """The DuckDB file."""
        return self.folder / "local.duckdb"

    def build(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a dbt command; nothing is written into the project."""
        folders = {
            "project-dir": self.project,
            "profiles-dir": self.folder,
            "target-path": self.folder / "target",
            "log-path": self.folder / "logs",
        }
        return subprocess.run(
            [
                Path(sys.executable).with_name("dbt"),
                "--no-use-colors",
                command,
                *arguments,
                *(f"--{name}={folder}" for name, folder in folders.items()),
            ],
            check=False,
            capture_output=True,
            text=True,
            env=os.environ | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"},
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query of its own connection, closed before dbt opens the next one."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.sql(query).fetchall()

    def copy(self, folder: Path, project: Path = PROJECT) -> Sample:
        """Copy the data and what dbt knows of it, to go on from there."""
        shutil.copytree(self.folder, folder)
        write_profiles(folder)
        return replace(self, folder=folder, project=project)


def prepare(folder: Path, scale: str) -> Sample:
    """Make TPC-H data of a scale, as views over Parquet files in the schema `tpch`."""
    data = folder.with_name(f"{folder.name}-data")
    subprocess.run(
        [
            Path(sys.executable).with_name("tpchgen-cli"),
            *("parquet", "--scale-factor", scale, "--output-dir", data),
        ],
        check=True,
        capture_output=True,
    )
    folder.mkdir()
    sample = Sample(folder)
    with duckdb.connect(str(sample.database)) as connection:
        connection.execute("create schema tpch")
        for table in TABLES:
            file = data / f"{table}.parquet"
            connection.execute(f"create view tpch.{table} as from read_parquet('{file}')")
    write_profiles(folder)
    return sample


def write_profiles(folder: Path) -> None:
    """Point dbt at the DuckDB file of a folder."""
    (folder / "profiles.yml").write_text(PROFILES.format(path=folder / "local.duckdb"))


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Scale 0.01, built once; go on from a copy of it."""
    sample = prepare(tmp_path_factory.mktemp("small") / "sample", "0.01")
    result = sample.build("build", "--full-refresh")
    assert result.returncode == 0, result.stdout
    return sample


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Scale 1, of which TPC-H publishes the answers, built once."""
    sample = prepare(tmp_path_factory.mktemp("published") / "sample", "1")
    result = sample.build("build", "--full-refresh")
    assert result.returncode == 0, result.stdout
    return sample
