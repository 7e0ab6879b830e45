"""Build, test and document with dbt on Databricks, from Airflow.

The three tasks start the same Databricks job in three ways; keep the one that suits you. All the
work, its retries and its history are in the job: Airflow only decides when.

Each start carries a token made of the DAG run and the task, so that Airflow's own retry finds the
run again, also after a worker died, and never starts a second one. For the same reason a task that
is cleared finds its run again, failed as it was: repair that run first (`dbt-runner repair ID`), or
start another DAG run.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.providers.databricks.operators.databricks import DatabricksRunNowOperator
from airflow.sdk import Connection, Param, dag, get_current_context, task

CONNECTION = "databricks_default"
JOB = "[prod] dbt-runner - build"
SCHEMA = "{{ params.target_schema }}"
ONCE = "{{ macros.uuid.uuid5(macros.uuid.NAMESPACE_OID, dag.dag_id ~ run_id ~ task.task_id) }}"


@dag(
    schedule="0 3 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    params={
        "run_type": Param("incremental", enum=["incremental", "full"]),
        "target_schema": Param("analytics", type="string"),
    },
    default_args={"retries": 1, "retry_delay": timedelta(seconds=5)},
)
def dbt_on_databricks():
    """One build a day, then its tests and its documentation."""
    # Gives up its place on the worker while the job runs: for everything long. Needs a triggerer.
    build = DatabricksRunNowOperator(
        task_id="build",
        databricks_conn_id=CONNECTION,
        job_name=JOB,
        job_parameters={"run_type": "{{ params.run_type }}", "target_schema": SCHEMA},
        idempotency_token=ONCE,
        deferrable=True,
        polling_period_seconds=10,
        execution_timeout=timedelta(hours=8),  # then it cancels the job run
        repair_run=False,  # it would repair whatever the reason; the job retries what passes
    )

    # Waits on the worker.
    test = DatabricksRunNowOperator(
        task_id="test",
        databricks_conn_id=CONNECTION,
        job_name=JOB,
        job_parameters={"run_type": "test", "target_schema": SCHEMA},
        idempotency_token=ONCE,
        deferrable=False,
        polling_period_seconds=10,
        execution_timeout=timedelta(hours=2),
        repair_run=False,
    )

    # With dbt-runner beside Airflow: refuses what the job would refuse before anything is sent,
    # outlives lost answers, and names the nodes that failed.
    @task
    def docs(target_schema: str) -> dict:
        from databricks.sdk import WorkspaceClient

        from dbt_runner.jobs.trigger import trigger

        connection, context = Connection.get(CONNECTION), get_current_context()
        run = trigger(
            WorkspaceClient(host=connection.host, token=connection.password, auth_type="pat"),
            job_name=JOB,
            parameters={"run_type": "docs", "target_schema": target_schema},
            # another DAG's runs may have the same ids
            once_per=f"{context['dag'].dag_id} {context['run_id']}",
            timeout=timedelta(hours=1).total_seconds(),
        )
        run.raise_unless_success()
        return run.as_dict()

    build >> test >> docs(SCHEMA)


dbt_on_databricks()
