"""The packaged project on the bench and on DuckDB, run type by run type: the same rows."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from runs import Warm
from warehouse.conftest import LIBRARIES, Shop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runs import Finished
    from warehouse.bench import Bench

PACKAGED = Path(__file__).parents[2] / "dbt_project"
SCHEMA = "analytics"
OF_THE_RUN = frozenset(
    {"loaded_at", "dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to"}
)
"""Columns that hold when a run was, or a hash of it."""


class Both(Shop):
    """The packaged project, with the bench as a further target."""

    def each(self, run_type: str) -> Finished:
        """Run it on DuckDB, then on the bench; both end green."""
        local = self.run(f"--run-type={run_type}", "--target=local")
        assert local.code == 0, local.stdout
        done = self.run(f"--run-type={run_type}", "--target=bench")
        assert done.code == 0, done.stdout
        assert done.summary["nodes"] == local.summary["nodes"]
        return done

    def tables_of_target(self) -> list[str]:
        """Names of all tables in the target's schema, as DuckDB tells them."""
        sql = (
            "select table_name from information_schema.tables where table_type = 'BASE TABLE' "
            f"and table_schema = '{SCHEMA}' order by 1"
        )
        return [name for (name,) in self.query(sql)]

    def local_rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table on DuckDB."""
        rows = self.query(f"select * from {SCHEMA}.{table}")
        names = [name for (name, *_) in self.query(f"describe {SCHEMA}.{table}")]
        return [dict(zip(names, row, strict=True)) for row in rows]


def lasting(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Rows without what hangs on the time of the run, in an order of their own."""
    found = [
        tuple((name, row[name]) for name in sorted(row) if name not in OF_THE_RUN) for row in rows
    ]
    return sorted(found, key=repr)


@pytest.fixture(scope="module")
def both(running_bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """The project after one full run on both engines."""
    running_bench.reset()
    warm = Warm(*LIBRARIES, "dbt.adapters.duckdb", "duckdb")
    made = Both(tmp_path_factory.mktemp("both"), warm)
    shutil.copytree(PACKAGED, made.folder, dirs_exist_ok=True)
    made.settle(running_bench, SCHEMA)
    policy = yaml.safe_load((PACKAGED / "runner.yml").read_text())
    own = yaml.safe_load((made.folder / "runner.yml").read_text())
    policy["targets"].update(own["targets"])
    made.write("runner.yml", yaml.safe_dump(policy))
    assert made.run("--run-type=seed", "--target=local").code == 0
    running_bench.sql("create schema if not exists `samples`.`tpch`")
    [folder] = (made.root / "cache").rglob("scale-*")
    for file in folder.glob("*.parquet"):
        table = f"`samples`.`tpch`.`{file.stem}`"
        running_bench.sql(f"create table {table} using parquet location '{file}'")
    made.each("full")
    yield made
    made.close()
    warm.close()


def check_equal(both: Both) -> None:
    """Each table has the same rows on both engines, value by value."""
    tables = both.tables_of_target()
    assert len(tables) > 10
    for table in tables:
        here, there = lasting(both.local_rows(table)), lasting(both.rows(table))
        assert here, table
        assert there == here, table


def test_full_run_gives_the_same_rows(both: Both) -> None:
    """Every mart, dimension, fact, seed and snapshot is, value by value, what DuckDB builds."""
    check_equal(both)


def test_days_are_merged_alike(both: Both) -> None:
    """New, late and changed rows of two days are merged, not rebuilt, into the same rows."""
    for _ in range(2):
        both.each("land_day")
    both.bench.reset()
    both.each("incremental")
    check_equal(both)
    sent = [" ".join(s["sql"].split()) for s in both.bench.statements()]
    for fact in ("fct_orders", "fct_order_items", "customers_snapshot"):
        merge = f"merge into `main`.`{SCHEMA}`.`{fact}`"
        assert [sql for sql in sent if merge in sql], fact
        made = both.bench.statements(f"create or replace table `main`.`{SCHEMA}`.`{fact}`")
        assert made == [], fact


def test_changed_customer_gets_a_second_version(both: Both) -> None:
    """The snapshot keeps the old version of a row and adds the new one."""
    both.bench.sql(
        f"update `main`.`{SCHEMA}`.`customers_snapshot` set phone = 'old' where customer_key = 1"
    )
    done = both.run("--run-type=snapshot", "--target=bench")
    assert done.code == 0, done.stdout
    versions = [row for row in both.rows("customers_snapshot") if row["customer_key"] == 1]
    assert sorted((v["phone"] == "old", v["dbt_valid_to"] is None) for v in versions) == [
        (False, True),
        (True, False),
    ]


def test_docs_and_freshness(both: Both) -> None:
    """The catalog describes the tables with Spark's types, and the sources are fresh."""
    done = both.run("--run-type=docs", "--target=bench")
    assert done.code == 0, done.stdout
    catalog = done.artifact("commands/01-docs-generate/catalog.json")
    columns = catalog["nodes"]["model.tpch.fct_orders"]["columns"]
    assert columns["total_price"]["type"].lower().startswith("decimal")
    assert both.run("--run-type=freshness", "--target=bench").code == 0


def test_job_is_told_to_the_warehouse_and_in_the_artifacts(both: Both) -> None:
    """Ids of the job reach statements, sessions, `adapter_response` and `run_results.json`."""
    both.bench.reset()
    ids = ("--job-id=11", "--job-run-id=22", "--task-run-id=33", "--task-key=build")
    done = both.run("--run-type=run", "--select=dim_nations", "--target=bench", *ids)
    assert done.code == 0, done.stdout
    results = done.artifact("commands/01-run/run_results.json")
    [response] = [
        result["adapter_response"]
        for result in results["results"]
        if result["unique_id"] == "model.tpch.dim_nations"
    ]
    told = {name: response[name] for name in ("job_id", "job_run_id", "task_run_id")}
    assert told == {"job_id": "11", "job_run_id": "22", "task_run_id": "33"}
    assert results["metadata"]["env"]["TASK_KEY"] == "build"
    [made] = both.bench.statements(f"create or replace table `main`.`{SCHEMA}`.`dim_nations`")
    assert made["headers"]["X-Databricks-Dbsql-Job-Id"] == "11"
    assert made["session"]["statement_timeout"] == "21600"
    attempt = done.summary["attempt"]
    for tag in (f"dbt_runner_attempt:{attempt}", "job_run_id:22", "task_key:build"):
        assert tag in made["session"]["QUERY_TAGS"]
    assert results["metadata"]["invocation_id"] in made["sql"]
