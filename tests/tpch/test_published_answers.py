"""At scale 1 the marts give the answers that TPC-H publishes for the validation of its queries."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.tpch.conftest import Sample

ANSWERS = Path(__file__).parent / "answers"

# Each in TPC-H's order of rows; its answer to Q5 is published in cents.
QUERIES = {
    "q01": "from analytics.pricing_summary order by l_returnflag, l_linestatus",
    "q03": "from analytics.shipping_priority order by revenue desc, o_orderdate",
    "q05": """
        select n_name, round(revenue, 2) as revenue
        from analytics.local_supplier_volume
        where r_name = 'ASIA' and o_year = 1994
        order by revenue desc
    """,
    "q06": "from analytics.forecast_revenue_change",
    "q10": """
        select c_custkey, c_name, revenue, c_acctbal, n_name
        from analytics.returned_item_reporting
        order by revenue desc
    """,
}


@pytest.mark.slow
@pytest.mark.parametrize("query", QUERIES)
def test_mart_gives_the_published_answer(published: Sample, query: str) -> None:
    """Every row and figure is as published, averages to the six digits that the mart keeps."""
    actual = published.rows(QUERIES[query])
    with (ANSWERS / f"{query}.csv").open(newline="") as file:
        _, *answer = csv.reader(file)
    assert len(answer) == len(actual)
    for texts, values in zip(answer, actual, strict=True):
        expected = [read(text, value) for text, value in zip(texts, values, strict=True)]
        assert expected == list(values)


def read(text: str, like: Any) -> Any:
    """Read a published figure as the type and to the digits of the mart's."""
    match like:
        case Decimal():
            return Decimal(text).quantize(like)
        case date():
            return date.fromisoformat(text)
        case int():
            return int(text)
        case _:
            return text
