"""Days land and are merged as if all had been there from the start, and a broken mart is found."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tpch.conftest import Sample

pytestmark = pytest.mark.slow

FACTS = ("fct_orders", "fct_order_items")

LAND_THIRD_DAY = """run-operation land_day --args '{"day": 3}'"""

# A mart, the plain query it is compared with, and a slip in its arithmetic.
SLIPS = {
    "pricing_summary": ("q1", "sum(items.charge)", "sum(items.discounted_price)"),
    "shipping_priority": ("q3", "sum(items.discounted_price)", "sum(items.extended_price)"),
    "local_supplier_volume": ("q5", "sum(items.discounted_price)", "sum(items.charge)"),
    "forecast_revenue_change": ("q6", "items.discount between", "items.tax between"),
    "returned_item_reporting": ("q10", "sum(items.discounted_price)", "max(items.charge)"),
}


@pytest.fixture(scope="module")
def landed(small: Sample, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Three days landed, each built and tested by itself."""
    sample = small.copy(tmp_path_factory.mktemp("landed") / "sample")
    for day in (1, 2, 3):
        sample.succeed("land_day")
        sample.succeed("incremental")
        assert sample.rows("select max(landed_day) from analytics_landing.orders") == [(day,)]
    sample.succeed("test")
    return sample


@pytest.fixture(scope="module")
def broken(small: Sample, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The tests that fail in a project in which each mart has its slip."""
    folder = tmp_path_factory.mktemp("broken")
    sample = small.copy(folder / "sample", project=folder / "project")
    shutil.copytree(small.packaged, folder / "project")
    for mart, (_, right, wrong) in SLIPS.items():
        model = folder / "project" / "models" / "marts" / f"{mart}.sql"
        assert right in model.read_text()
        model.write_text(model.read_text().replace(right, wrong))
    summary = sample.run("incremental", "--exclude=test_type:unit", f"--select={' '.join(SLIPS)}")
    assert (summary["status"], summary["exit_code"]) == ("failed", 1)
    return [item["unique_id"] for item in summary["failed"] if item["status"] == "fail"]


def contents(sample: Sample, columns: str = "*") -> dict[str, list[tuple[Any, ...]]]:
    """Read the facts, in an order that depends on nothing but their rows."""
    return {
        fact: sample.rows(" ".join(["select", columns, f"from analytics.{fact}", "order by all"]))
        for fact in FACTS
    }


def test_days_bring_new_late_and_changed_orders(landed: Sample) -> None:
    """Orders after TPC-H's last date, others inside its dates, and its own with other figures."""
    [numbers] = landed.rows("""
        select
            count(*) filter (order_date > date '1998-08-02'),
            count(*) filter (order_date <= date '1998-08-02' and o_orderkey is null),
            count(*) filter (total_price <> o_totalprice),
            (select count(*) from analytics.fct_order_items where line_number = 8)
        from analytics.fct_orders
        left join tpch.orders on o_orderkey = order_key
    """)
    assert min(numbers) > 20, numbers


def test_full_refresh_gives_what_the_days_gave(landed: Sample, tmp_path: Path) -> None:
    """Facts that merged three days are, row for row, the facts built from all of them at once."""
    refreshed = landed.copy(tmp_path / "sample")
    refreshed.succeed("run", "--full-refresh", f"--select={' '.join(FACTS)}")
    assert contents(refreshed) == contents(landed)


def test_day_that_lands_twice_changes_nothing(landed: Sample, tmp_path: Path) -> None:
    """The same rows come again with a later time, and the time is all that changes."""
    project = tmp_path / "project"
    shutil.copytree(landed.packaged, project)
    with (project / "runner.yml").open("a") as policy:
        policy.write(f"  land_third_day:\n    commands: [{json.dumps(LAND_THIRD_DAY)}]\n")
    repeated = landed.copy(tmp_path / "sample", project=project)
    repeated.succeed("land_third_day")
    repeated.succeed("incremental", "--select=source:landing+")
    assert contents(repeated) != contents(landed)
    timeless = "* exclude (loaded_at)"
    assert contents(repeated, timeless) == contents(landed, timeless)


@pytest.mark.parametrize("mart", SLIPS)
def test_broken_mart_is_found(broken: list[str], mart: str) -> None:
    """A slip in a mart's arithmetic fails its comparison with the plain query."""
    query, _, _ = SLIPS[mart]
    assert f"test.tpch.{mart}_is_plain_{query}" in broken
