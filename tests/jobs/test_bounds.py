"""What whoever starts a job cannot choose, though parameters are pushed into every task.

That a run may name parameters which its job does not declare is not documented; here the server
allows it (`Switches.accept_undeclared`), because that is the worse case for what is bounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jobs.bench import result
from jobs.bundle import Bundle, deploy
from jobs.conftest import ROOT
from jobs.tree import tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jobs.bench import Bench

REFUSED = {
    "project_dir": "/evil",
    "profiles_dir": "/evil",
    "artifacts": "/evil",
    "host": "evil.example.com",
    "catalog": "evil",
    "vars": '{"late_window_days": "{{ env_var(\'HOME\') }}"}',
    "target": "evil",
    "threads": "100000",
}


@pytest.fixture(autouse=True, scope="module")
def _undeclared(running_bench: Bench) -> Iterator[None]:
    """Parameters that a job does not declare are accepted and pushed on."""
    with running_bench.switched(accept_undeclared=True):
        yield


@pytest.mark.parametrize("name", REFUSED)
def test_refused(bench: Bench, jobs: dict[str, int], name: str) -> None:
    """A value that the policy does not list fails the task before dbt begins."""
    run = bench.once(jobs["dbt_build_job"], job_parameters={name: REFUSED[name]})
    leaf = tree(bench, run)["build"]
    assert result(run) == "FAILED"
    assert leaf.output["error"].startswith(f"dbt_runner.errors.SettingsError: {name}: ")
    assert "run.finished" not in leaf.output["logs"]


def test_other_target_from_above(bench: Bench, jobs: dict[str, int]) -> None:
    """A target pushed into an orchestrator reaches the wheel, which has no warehouse for it."""
    parameters = {"target": "databricks", "target_schema": "pushed"}
    run = bench.once(jobs["master_refresh_orchestrator"], job_parameters=parameters)
    assert result(run) == "FAILED"
    leaf = tree(bench, run)["refresh/build/build"]
    assert "SettingsError: warehouse: the target databricks names none" in leaf.output["error"]


@pytest.fixture(scope="module")
def production(running_bench: Bench, dist: Path) -> dict[str, int]:
    """The jobs of production, unchanged but for the warehouse's id."""
    return deploy(running_bench, Bundle(ROOT, "prod", {"warehouse_id": "abc123"}, dist))


@pytest.mark.parametrize("name", ["dbt_build_job", "master_refresh_orchestrator"])
def test_way_around_protection(bench: Bench, production: dict[str, int], name: str) -> None:
    """Production's schema is written with production's target only, whatever is pushed."""
    run = bench.once(production[name], job_parameters={"target": "databricks"})
    assert result(run) == "FAILED"
    [leaf] = [leaf for path, leaf in tree(bench, run).items() if path.endswith("build")][-1:]
    assert leaf.output["error"] == (
        "dbt_runner.errors.SettingsError: catalog: a job may not set it to 'prod' with the target "
        "databricks, whose catalog is main (runner.yml)"
    )


def test_script_is_not_chosen(bench: Bench, jobs: dict[str, int]) -> None:
    """The script of the script job stands in a list, into which nothing is pushed."""
    parameters = {
        "script": "/evil.sh",
        "target": "databricks",
        "run_type": "seed",
        "target_schema": "scripted",
    }
    run = bench.once(jobs["dbt_script_job"], job_parameters=parameters)
    leaf = tree(bench, run)["script"]
    assert result(run) == "SUCCESS"
    assert (leaf.summary["target"], leaf.summary["run_type"]) == ("local", "seed")
    assert "/evil.sh" not in leaf.output["logs"]
    assert leaf.task.resolved_values is not None
    assert leaf.task.resolved_values.python_wheel_task is not None
    words = leaf.task.resolved_values.python_wheel_task.parameters or []
    assert words[0] == f"--script={ROOT}/resources/dbt/dbt_script.sh"


def test_unknown_names_do_no_harm(bench: Bench, jobs: dict[str, int]) -> None:
    """A parameter that the runner does not know is logged, and the run goes on."""
    parameters = {"run_type": "seed", "target_schema": "unknown", "refresh_run": "7"}
    run = bench.once(jobs["dbt_build_job"], job_parameters=parameters)
    assert result(run) == "SUCCESS"
    assert "refresh_run" in tree(bench, run)["build"].output["logs"]


def test_docs_stay_docs(bench: Bench, jobs: dict[str, int]) -> None:
    """Whoever starts the docs job cannot make it build."""
    parameters = {"run_type": "seed", "target_schema": "no_docs"}
    run = bench.once(jobs["dbt_docs_job"], job_parameters=parameters)
    assert tree(bench, run)["docs"].summary["run_type"] == "docs"
