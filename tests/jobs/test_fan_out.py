"""The fan-out: the same build for each schema of a list."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from jobs.bench import result
from jobs.tree import tree

if TYPE_CHECKING:
    from jobs.bench import Bench

SCHEMAS = ["north", "south", "east"]


def test_builds_each_schema(bench: Bench, jobs: dict[str, int]) -> None:
    """Each schema of the list gets its own run with its own rows; two go on at a time."""
    job = jobs["master_fan_out_orchestrator"]
    run = bench.once(job, job_parameters={"schemas": json.dumps(SCHEMAS)})
    found = tree(bench, run)
    assert result(run) == "SUCCESS", {path: leaf.result for path, leaf in found.items()}
    path = "fan_out/each_schema"
    turns = [found[f"{path}[{number}]/build"] for number in range(len(SCHEMAS))]
    assert [turn.summary["target_schema"] for turn in turns] == SCHEMAS
    assert {turn.summary["run_type"] for turn in turns} == {"incremental"}
    assert {turn.summary["resume_key"] for turn in turns} == {f"{run.run_id}/incremental"}
    counts = [bench.rows(f"select count(*) from {schema}.fct_orders") for schema in SCHEMAS]
    assert counts[0] == counts[1] == counts[2]
    assert counts[0][0][0] > 10_000
    first, second, third = (found[f"{path}[{number}]"].span for number in range(3))
    assert second[0] < first[1], "the second began while the first went on"
    assert third[0] >= min(first[1], second[1]), "the third waited"


def test_a_bad_schema_fails_alone(bench: Bench, jobs: dict[str, int]) -> None:
    """One schema that is refused makes the run red; the others are built all the same."""
    job = jobs["dbt_fan_out_job"]
    run = bench.once(job, job_parameters={"schemas": '["no such;name", "west"]'})
    assert result(run) == "FAILED"
    found = tree(bench, run)
    refused, built = (found[f"each_schema[{number}]/build"] for number in range(2))
    assert refused.output["error"].startswith("dbt_runner.errors.SettingsError: target_schema")
    assert built.summary["status"] == "success"
    [(orders,)] = bench.rows("select count(*) from west.fct_orders")
    assert orders > 10_000
