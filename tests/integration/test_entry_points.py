"""The ways into a run that Databricks and programs use."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runs import Project

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
"""Calls the entry point as the driver does, for which SystemExit would be a failure."""
RUNTIME = """
import sys
from types import ModuleType, SimpleNamespace
def set_value(key, value):
    print(f"{key}={value!r}", file=sys.stderr)
dbutils = SimpleNamespace(jobs=SimpleNamespace(taskValues=SimpleNamespace(set=set_value)))
sys.modules["IPython"] = ModuleType("IPython")
sys.modules["IPython"].get_ipython = lambda: SimpleNamespace(user_ns={"dbutils": dbutils})
"""
"""A driver with a `dbutils` that tells on standard error what it is told."""


def test_entry_point_is_declared() -> None:
    """A wheel task names the package and `run`."""
    [found] = entry_points(group="databricks", name="run")
    assert found.value == "dbt_runner.cli:run"


def test_entry_point(project: Project) -> None:
    """It returns nothing on success, and raises an ordinary exception that names what failed."""
    program = ("-c", DRIVER)
    failed = project.start("--run_type=run", "--select=dim_nations", packaged=True, program=program)
    result = failed.finish()
    kind, message = result.stderr.splitlines()
    assert kind == "NodesFailed"
    assert message == "failed: 0 of 1 nodes done: model.tpch.dim_nations (error)"
    assert result.code == 0, "the driver goes on"
    words = ("--run_type=compile", "--select=dim_nations")
    result = project.start(*words, packaged=True, program=program).finish()
    assert result.stderr == "returned None\n"
    assert result.summary["status"] == "success"


def test_task_values(project: Project) -> None:
    """Where the driver has a `dbutils`, the run tells status, failures and attempt at its end."""
    program = ("-c", RUNTIME + DRIVER)
    words = ("--run_type=run", "--select=dim_nations")
    result = project.start(*words, packaged=True, program=program).finish()
    *told, kind, _ = result.stderr.splitlines()
    attempt = result.summary["attempt"]
    assert told == ["status='failed'", "failed_count=1", f"run={attempt!r}"]
    assert kind == "NodesFailed"


def test_refused_entry_point(project: Project) -> None:
    """What a job may not set is refused before anything starts, and nothing is left."""
    program = ("-c", DRIVER)
    words = (f"--project_dir={project.folder}", "--run_type=full")
    result = project.start(*words, packaged=True, program=program).finish()
    assert result.stderr.startswith("SettingsError\nproject_dir: a job may not set it to")
    assert result.stdout == ""


def test_module(project: Project) -> None:
    """`python -m dbt_runner` does the same, and its exit code tells the end."""
    program = ("-m", "dbt_runner")
    words = ("--run_type=run", "--select=dim_nations", "--run_date=2026-01-01")
    result = project.start(*words, packaged=True, program=program).finish()
    assert result.code == 1
    assert list(result.failed) == ["dim_nations"]
    [ignored] = result.events("setting.ignored")
    assert ignored["reason"].startswith("run_date: is no setting")
    assert result.stderr == ""
    assert (project.root / ".dbt-runner").is_dir()
    words = ("--run_type=full", "--select=", "--target_schema={{job.parameters.schema}}")
    result = project.start(*words, packaged=True, program=program).finish()
    assert result.code == 2
    assert "holds a reference that was not resolved" in result.stderr


def test_catalog_with_the_name_of_the_samples(project: Project) -> None:
    """The shipped project cannot be built in a catalog with the name of its samples' schema."""
    words = ("--run_type=run", "--catalog=tpch")
    result = project.start(*words, packaged=True).finish()
    assert result.code == 2
    assert result.stderr.startswith("dbt-runner: catalog: 'tpch' ")
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""
    assert list(project.root.rglob("*.duckdb")) == []


def test_local_run_leaves_databricks_alone(project: Project) -> None:
    """On DuckDB neither the Databricks SDK, nor the SQL connector, nor the adapter is imported."""
    project.model("orders")
    program = """
import sys
from dbt_runner import cli
code = cli.main()
own = ("databricks", "dbt.adapters.databricks", "dbt.adapters.spark", "thrift", "pyarrow")
print(code, [name for name in own if name in sys.modules], file=sys.stderr)
"""
    result = project.start("--run-type=full", program=("-c", program)).finish()
    assert result.stderr == "0 []\n"
    assert project.tables() == ["analytics.orders"]
