"""The notebook of pattern P1, run cell by cell."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import dbt_runner
import notebooks
from dbt_runner.parameters import DeploymentSettings, RunParameters
from dbt_runner.run_types import BUILT_IN

if TYPE_CHECKING:
    from runs import Finished, Project

PACKAGE = Path(dbt_runner.__file__).parent
NOTEBOOK = Path(__file__).parents[2] / "resources" / "dbt" / "dbt_notebook.py"
EXECUTOR = Path(notebooks.__file__)


def run(
    project: Project,
    env: dict[str, str | None] | None = None,
    policy: str = "",
    **chosen: str,
) -> Finished:
    """Run the notebook as a job does, with the project as the wheel's own."""
    project.write("runner.yml", f"deployment: {{target: [local]}}\n{policy}")
    site = project.root / "site"
    shutil.copytree(PACKAGE, site / "dbt_runner", dirs_exist_ok=True)
    shutil.rmtree(site / "dbt_runner" / "dbt_project", ignore_errors=True)
    shutil.copytree(project.folder, site / "dbt_runner" / "dbt_project")
    return project.start(
        str(NOTEBOOK),
        json.dumps({"target": "local", **chosen}),
        packaged=True,
        program=(str(EXECUTOR),),
        env={"PYTHONPATH": str(site), **(env or {})},
    ).finish()


def output(done: Finished) -> dict[str, Any]:
    """What the notebook exited with."""
    last = done.stdout.splitlines()[-1]
    assert last.startswith(notebooks.EXITED), done.stdout + done.stderr
    found: dict[str, Any] = json.loads(last.removeprefix(notebooks.EXITED))
    return found


def message(done: Finished) -> str:
    """The last line of what a cell raised, as the run's page shows it."""
    assert done.code == 1
    assert notebooks.EXITED not in done.stdout
    return done.stderr.splitlines()[-1]


def test_success(project: Project) -> None:
    """It builds, prints what was chosen, and exits with the run's summary."""
    project.model("one", "select 42 as id").model("two")
    done = run(project, run_type="full", select="one", target_schema="mart")
    summary = output(done)
    assert summary["message"] == "success: 1 of 1 nodes done"
    assert summary["commands"] == ["build --select one --full-refresh"]
    file = project.root / ".dbt-runner" / "local.duckdb"
    assert project.query("select id from mart.one", file) == [(42,)]
    assert project.tables(file) == ["mart.one"]
    assert "select: 'one'\n" in done.stdout
    assert list(project.tmp.iterdir()) == []


def test_failing_model(project: Project) -> None:
    """The task fails with the runner's own sentence."""
    project.model("good").model("bad", "select nothing as id")
    done = run(project, run_type="run")
    assert message(done) == "RuntimeError: failed: 1 of 2 nodes done: model.shop.bad (error)"
    assert list(project.tmp.iterdir()) == []


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        pytest.param(
            {"catalog": "other"}, "dbt-runner: catalog: a job may not set it to", id="not-listed"
        ),
        pytest.param({"run_type": "build"}, "'build' is no choice", id="no-choice"),
        pytest.param({"select": "$(touch hacked)"}, "select: ", id="shell"),
        pytest.param({"select": "`touch hacked`"}, "select: ", id="back-quotes"),
        pytest.param({"select": "a'; touch hacked; '"}, "select: ", id="quote"),
        pytest.param({"select": 'a"; touch hacked; "'}, "select: ", id="double-quote"),
    ],
)
def test_refused_value(project: Project, chosen: dict[str, str], told: str) -> None:
    """A value that is refused is told in one line, and is never more than a value."""
    done = run(project, **chosen)
    assert told in message(done)
    assert not (project.root / "hacked").exists()


def test_value_stays_a_value(project: Project) -> None:
    """Quotes, spaces and what a shell would expand arrive in dbt as they were written."""
    project.model("one", 'select \'{{ var("text") | replace("\'", "\'\'") }}\' as text')
    text = "a 'b' $HOME $(touch hacked) `id` \\ ; # *"
    policy = "vars: {text: {type: string, pattern: '.*'}}\n"
    done = run(project, policy=policy, vars=json.dumps({"text": text}))
    assert output(done)["status"] == "success"
    file = project.root / ".dbt-runner" / "local.duckdb"
    assert project.query("select text from analytics.one", file) == [(text,)]
    assert not (project.root / "hacked").exists()


def test_empty_means_not_set(project: Project) -> None:
    """Empty widgets leave the defaults, also where the environment says something else."""
    env: dict[str, str | None] = {"DBT_RUNNER_TARGET_SCHEMA": "other", "DBT_RUNNER_THREADS": "3"}
    done = run(project.model("one"), env, target_schema="", select="", vars="")
    summary = output(done)
    assert (summary["run_type"], summary["target_schema"]) == ("incremental", "analytics")
    [started] = [line for line in done.stdout.splitlines() if '"run.started"' in line]
    assert json.loads(started)["settings"]["threads"] == 3


def test_widgets_are_settings() -> None:
    """Each widget is a setting of the runner, and the run types are the built-in ones."""
    dbutils = notebooks.Dbutils({})
    widgets = notebooks.cells(NOTEBOOK.read_text(encoding="utf-8"))[1]
    exec(widgets.text, {"dbutils": dbutils})  # noqa: S102 - our own notebook
    assert dbutils.widgets.choices == {"run_type": list(BUILT_IN)}
    settings = RunParameters.model_fields | DeploymentSettings.model_fields
    assert set(dbutils.widgets.defaults) <= set(settings)
    assert dbutils.widgets.defaults["run_type"] == RunParameters().run_type


def test_source_reads_no_arguments() -> None:
    """Parameters of a notebook task are widgets; a parser of arguments would fail the task."""
    assert "argparse" not in NOTEBOOK.read_text(encoding="utf-8")
    assert "sys.argv" not in NOTEBOOK.read_text(encoding="utf-8")
