"""The installed wheel works by itself: no checkout, no home, nothing writable around it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.packaging.conftest import Environment, Release

ROOT = Path(__file__).parents[2]

RUN = ("--run-type", "full", "--target-schema", "analytics")


def test_version(installed: Environment, release: Release, tmp_path: Path) -> None:
    """The command says the version of the wheel, which names the commit."""
    result = installed.run("dbt-runner", "--version", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert release.version in result.stdout


def test_package_comes_from_the_wheel(installed: Environment, tmp_path: Path) -> None:
    """Nothing of the checkout takes part: the package lies in the environment."""
    script = "import dbt_runner; print(dbt_runner.__file__)"
    result = installed.run("python", "-c", script, cwd=tmp_path)
    assert Path(result.stdout.strip()).is_relative_to(installed.folder), result.stderr
    assert str(ROOT) not in result.stdout


def test_place_is_read_only(installed: Environment, tmp_path: Path) -> None:
    """The tests of this file run where the installed package cannot be written to."""
    script = "import os, sys; open(os.path.join(sys.prefix, 'probe'), 'w')"
    result = installed.run("python", "-c", script, cwd=tmp_path)
    if result.returncode == 0:
        pytest.skip("root in a container without mounts: nothing here can be made read-only")
    assert "probe" in result.stderr


def test_entry_point_of_wheel_tasks(installed: Environment, tmp_path: Path) -> None:
    """A wheel task finds `run` by the names that a job states: dbt_runner, run."""
    script = (
        "from importlib.metadata import distribution\n"
        "[found] = distribution('dbt_runner').entry_points.select(name='run')\n"
        "print(callable(found.load()))"
    )
    result = installed.run("python", "-c", script, cwd=tmp_path)
    assert result.stdout.strip() == "True", result.stderr


@pytest.mark.slow
def test_main_job(installed: Environment, release: Release, tmp_path: Path) -> None:
    """The main job builds the packaged project from anywhere, the environment being read-only."""
    artifacts = tmp_path / "artifacts"
    before = snapshot(installed.folder)
    result = installed.run("dbt-runner", *RUN, "--artifacts", str(artifacts), cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    [path] = artifacts.glob("*/local/*/analytics/runs/*/summary.json")
    summary = json.loads(path.read_text(encoding="utf-8"))
    assert summary["status"] == "success"
    assert summary["nodes"]["total"] > 0
    assert summary["versions"]["dbt_runner"] == release.version
    assert snapshot(installed.folder) == before


def test_local_target_without_its_extra(installed_base: Environment, tmp_path: Path) -> None:
    """Without the extra the local target ends at once, with one line that says what to install."""
    arguments = (*RUN, "--artifacts", str(tmp_path / "artifacts"))
    result = installed_base.run("dbt-runner", *arguments, cwd=tmp_path)
    lines = result.stderr.strip().splitlines()
    assert result.returncode == 2, result.stdout + result.stderr
    assert len(lines) == 1
    assert "dbt-runner[local]" in lines[0]


def snapshot(folder: Path) -> dict[Path, int]:
    """Note every file of a folder with its time of change."""
    return {path: path.lstat().st_mtime_ns for path in folder.rglob("*")}
