"""examples/airflow in a real Airflow, with the provider's own operator, hook and trigger.

`airflow dags test` runs the DAG in one process, on a metadata database of its own: tasks through
Airflow's task runner, a deferred one through the provider's trigger, with no scheduler or triggerer
beside it.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from jobs.bench import Bench
    from jobs.errand_wheel import Errands

DAGS = Path(__file__).parents[2] / "examples/airflow"
DAG = "dbt_on_databricks"
JOB = "[prod] dbt-runner - build"


@dataclass(frozen=True)
class Airflow:
    """An Airflow that has run nothing yet.

    Attributes:
        home: folder of the metadata database and the logs.
    """

    home: Path
    bench: Bench

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a command of Airflow's."""
        connection = {
            "conn_type": "databricks",
            "host": self.bench.host,
            "schema": "http",
            "port": int(self.bench.host.rpartition(":")[2]),
            "password": self.bench.token,
        }
        return subprocess.Popen(
            [Path(os.environ["BENCH_AIRFLOW"], "bin/airflow"), *words],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.home),
                "AIRFLOW_HOME": str(self.home),
                "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home}/airflow.db",
                "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
                "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
                "AIRFLOW_CONN_DATABRICKS_DEFAULT": json.dumps(connection),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    def copy(self, name: str) -> Airflow:
        """Another one, so that both can run at once."""
        folder = self.home.with_name(name)
        shutil.copytree(self.home, folder)
        return Airflow(folder, self.bench)

    def states(self) -> dict[str, str]:
        """Each task's state."""
        with closing(sqlite3.connect(self.home / "airflow.db")) as database:
            return dict(database.execute("select task_id, state from task_instance"))


@pytest.fixture(scope="module")
def airflow(running_bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Airflow:
    """With an empty metadata database."""
    found = Airflow(tmp_path_factory.mktemp("airflow") / "home", running_bench)
    found.home.mkdir()
    process = found.start("db", "migrate")
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 0, said
    return found


def test_dag(bench: Bench, airflow: Airflow, errands: Errands) -> None:
    """Each way of starting the job makes one run, tells its end, and repeats into the same run."""
    parameters = [{"name": name, "default": ""} for name in ("run_type", "target_schema")]
    settings = {"name": JOB, "parameters": parameters, "max_concurrent_runs": 4}
    named = {"target_schema": "{{job.parameters.target_schema}}"}
    job = errands.job(errands.task("work", named=named), **settings)
    # which tasks count as done, so that each can be the first that fails
    done = {"all": "none", "build": "none", "test": "build", "docs": "build|test"}
    running = {}
    for first, others in done.items():
        asked = {"run_type": "full", "target_schema": "finance" if first == "all" else "broken"}
        words = ("--conf", json.dumps(asked), "--mark-success-pattern", others)
        here = airflow.copy(first)
        running[first] = here, here.start("dags", "test", DAG, *words)
    ends = {
        first: (here.states(), said, process.returncode)
        for first, (here, process) in running.items()
        for said in process.communicate(timeout=300)[:1]
    }
    states, said, code = ends.pop("all")
    assert code == 0, said
    assert states == dict.fromkeys(("build", "test", "docs"), "success")
    assert said.count("running trigger in line") == 1, "build was deferred"
    for first, (states, said, code) in ends.items():
        assert code == 1, said
        assert states.pop(first) == "failed", said
        assert set(states.values()) <= {"success", "upstream_failed"}
        raised = "JobRunFailed: job run" if first == "docs" else "AirflowException:"
        assert said.count(raised) >= 2, "the first time, and when it was tried again"
        assert "the errand failed" in said or first == "docs"
    runs = [run for run in bench.control("accepted")["accepted"] if run["created"]]
    assert {run["job_id"] for run in runs} == {job}
    assert sorted(tuple(run["job_parameters"].values()) for run in runs) == [
        *(("docs", "broken"), ("docs", "finance")),
        *(("full", "broken"), ("full", "finance")),
        *(("test", "broken"), ("test", "finance")),
    ]
    bench.client.jobs.delete(job)
