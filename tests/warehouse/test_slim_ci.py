"""`ci` through the real adapter: what differs is built, and what was left over is dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from runs import Finished
    from warehouse.bench import Bench
    from warehouse.conftest import Shop


@pytest.fixture
def ci(shop: Shop) -> str:
    """Three models in a row, one a view, built in production; the schema of a commit."""
    policy = shop.folder / "runner.yml"
    place = f"production: {{target: bench, catalog: main, schema: {shop.schema}}}\n"
    policy.write_text(policy.read_text() + place)
    shop.model("orders", "select 1 as id")
    shop.write(
        "models/items.sql", "{{ config(materialized='view') }} select id from {{ ref('orders') }}"
    )
    shop.model("sums", "select sum(id) as n from {{ ref('items') }}")
    assert shop.run("--run-type=full").code == 0
    return f"{shop.schema[:50]}_pr"


def run(shop: Shop, ci: str, *words: str) -> Finished:
    """A `ci` run in its own schema, as a service principal."""
    return shop.run("--run-type=ci", f"--target-schema={ci}", *words, env=shop.machine())


def test_prune(shop: Shop, bench: Bench, ci: str) -> None:
    """A table and a view that an earlier commit left are dropped, and production's are read."""
    shop.model("orders", "select 10 as id")
    assert run(shop, ci).nodes == {"success": 3}
    shop.model("orders", "select 1 as id")
    shop.model("sums", "select sum(id) + 5 as n from {{ ref('items') }}")
    assert run(shop, ci).nodes == {"success": 1}
    assert bench.rows(ci, "sums") == [{"n": 15}]
    done = run(shop, ci, "--prune")
    assert (done.code, done.nodes) == (0, {"success": 1}), done.stdout
    assert done.events("credentials.fixed") == []
    assert bench.rows(ci, "sums") == [{"n": 6}]
    assert sorted(line["relation"] for line in done.events("relation.dropped")) == [
        f"main.{ci}.items",
        f"main.{ci}.orders",
    ]
    assert len(bench.statements(f"DROP VIEW IF EXISTS `main`.`{ci}`.`items`")) == 1
    assert len(bench.statements(f"drop table if exists `main`.`{ci}`.`orders`")) == 1
    assert shop.rows("orders") == [{"id": 1}]


def test_prune_in_a_schema_that_is_not_there(shop: Shop, bench: Bench, ci: str) -> None:
    """The first run for a commit has nothing to drop, and no schema to look at."""
    shop.model("sums", "select sum(id) + 5 as n from {{ ref('items') }}")
    done = run(shop, ci, "--prune")
    assert (done.code, done.nodes) == (0, {"success": 1}), done.stdout
    assert bench.rows(ci, "sums") == [{"n": 6}]
    assert done.events("relation.dropped") == []


def test_relation_that_cannot_be_dropped(shop: Shop, bench: Bench, ci: str) -> None:
    """A drop that the warehouse refuses ends the run with its words, before anything is built."""
    shop.model("orders", "select 10 as id")
    assert run(shop, ci).nodes == {"success": 3}
    shop.model("orders", "select 1 as id")
    shop.model("sums", "select sum(id) + 5 as n from {{ ref('items') }}")
    bench.fail({"do": "refuse", "sql": "drop table[^;]*`orders`", "status": 403})
    done = run(shop, ci, "--prune")
    assert done.code != 0
    assert "prune: " in done.summary["message"]
    assert done.nodes == {"not_started": 1}
    assert bench.rows(ci, "sums") == [{"n": 10}]
