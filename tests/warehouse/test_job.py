"""The entry point of a wheel task, with what a job may set, on the bench."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

import dbt_runner

if TYPE_CHECKING:
    from warehouse.conftest import Shop

PACKAGE = Path(dbt_runner.__file__).parent
POLICY = Path(__file__).parents[2] / "dbt_project" / "runner.yml"
DRIVER = """
import sys
from importlib.metadata import entry_points
[entry_point] = entry_points(group="databricks", name="run")
try:
    returned = entry_point.load()()
except Exception as error:
    print(f"{type(error).__name__}\\n{error}", file=sys.stderr)
else:
    print(f"returned {returned}", file=sys.stderr)
"""
"""Calls the entry point as the driver does."""


def ship(shop: Shop, folder: Path) -> None:
    """Lay out the package as the wheel does, with a small project under the packaged policy.

    The policy's target `databricks` is told how to reach the bench, and nothing else.
    """
    bench = yaml.safe_load((shop.folder / "runner.yml").read_text())["targets"]["bench"]
    policy = yaml.safe_load(POLICY.read_text())
    policy["targets"]["databricks"]["connection_parameters"] = bench["connection_parameters"]
    shop.write("runner.yml", yaml.safe_dump(policy))
    shutil.copytree(PACKAGE, folder / "dbt_runner")
    shutil.copytree(shop.folder, folder / "dbt_runner" / "dbt_project")


def test_wheel_task_on_a_warehouse(shop: Shop, tmp_path: Path) -> None:
    """A target, a warehouse by name and a schema are enough; what the policy lacks is refused."""
    ship(shop.model("one"), tmp_path / "site")
    words = (
        *("--run_type=full", "--target=databricks", "--warehouse=Bench Warehouse"),
        *(f"--target_schema={shop.schema}", "--job_id=1", "--run_date=2026-01-01"),
    )
    env = {**shop.environment(), "PYTHONPATH": str(tmp_path / "site")}
    program = ("-c", DRIVER)
    done = shop.start(*words, packaged=True, program=program, env=env).finish()
    assert done.stderr.splitlines()[-1] == "returned None", done.stdout + done.stderr
    assert (done.summary["target"], done.summary["status"]) == ("databricks", "success")
    assert shop.rows("one") == [{"id": 1}]

    refused = shop.start(*words, "--catalog=other", packaged=True, program=program, env=env)
    lines = refused.finish().stderr.splitlines()
    assert lines[-1].startswith("catalog: a job may not set it to 'other'")
