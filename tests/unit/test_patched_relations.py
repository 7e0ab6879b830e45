"""dbt's cache of relations, patched, gives what it gives unpatched."""

from __future__ import annotations

import random
from typing import Any

import pytest

from dbt_runner.engine.patches.gate import applied
from dbt_runner.engine.patches.relations import PATCH

dbt_impl = pytest.importorskip("dbt.adapters.base.impl")
dbt_cache = pytest.importorskip("dbt.adapters.cache")

NAMES = ("a", "A", "b", '"a"', "a_b", "", "none", None)
QUOTING = ({}, {"identifier": False, "schema": False, "database": False}, {"identifier": True})
KINDS = (
    "dbt.adapters.duckdb.relation:DuckDBRelation",
    "dbt.adapters.databricks.relation:DatabricksRelation",
)


class Adapter:
    """As much of an adapter as looks for a relation."""

    def __init__(self, quoting: dict[str, bool]) -> None:
        quotes = {"database": True, "schema": True, "identifier": True, **quoting}
        self.config = type("Config", (), {"quoting": quotes})

    _make_match_kwargs = dbt_impl.BaseAdapter._make_match_kwargs

    def matches(self, relations: list[Any], wanted: tuple[Any, ...]) -> Any:
        """Those found, or the error."""
        try:
            return dbt_impl.BaseAdapter._make_match(self, relations, *wanted)
        except Exception as error:  # noqa: BLE001 - compared
            return type(error), str(error)


def kind(name: str) -> Any:
    """The class of an adapter's relations."""
    module, _, attribute = name.partition(":")
    return getattr(pytest.importorskip(module), attribute)


def relations(chance: random.Random, relation: Any, count: int) -> list[Any]:
    """Relations of a few names."""
    return [
        relation.create(
            database=chance.choice(NAMES[:3]),
            schema=chance.choice(NAMES[:4]),
            identifier=chance.choice(NAMES),
            quote_policy=chance.choice(QUOTING),
            dbt_created=chance.random() < 0.5,
        )
        for _ in range(count)
    ]


@pytest.mark.parametrize("name", KINDS)
def test_matches(name: str) -> None:
    """The same relations are found, in the same order, or the same error is raised."""
    chance, relation = random.Random(1), kind(name)  # noqa: S311 - cases
    cases = [
        (
            Adapter(chance.choice(QUOTING)),
            relations(chance, relation, 12),
            (chance.choice(NAMES[:3]), chance.choice(NAMES[:4]), chance.choice(NAMES)),
        )
        for _ in range(400)
    ]
    before = [adapter.matches(found, wanted) for adapter, found, wanted in cases]
    with applied([PATCH]) as [verdict]:
        assert verdict.refused is None, verdict.refused
        after = [adapter.matches(found, wanted) for adapter, found, wanted in cases]
    assert before == after
    assert sum(isinstance(each, list) and bool(each) for each in before) > 20
    assert sum(isinstance(each, tuple) for each in before) > 20 or "databricks" in name


def states(steps: list[Any]) -> list[Any]:
    """What a cache holds after each step, and what it gives for each schema."""
    cache, seen = dbt_cache.RelationsCache(), []
    for step, *relations in steps:
        try:
            getattr(cache, step)(*relations)
        except Exception as error:  # noqa: BLE001 - compared
            seen.append((type(error), str(error)))
        listed = [
            list(map(repr, cache.get_relations(database, schema)))
            for database in NAMES[:3]
            for schema in NAMES[:4]
        ]
        linked = {str(k): sorted(map(str, v.referenced_by)) for k, v in cache.relations.items()}
        seen.append((listed, linked))
    return seen


def test_cache() -> None:
    """Adding, linking, renaming and dropping give the same, step by step."""
    relation = kind(KINDS[0])
    for seed in range(30):
        chance = random.Random(seed)  # noqa: S311 - cases
        known = [each for each in relations(chance, relation, 30) if each.identifier]
        steps = [
            (step, *chance.sample(known, 2 if step in {"add_link", "rename"} else 1))
            for step in chance.choices(["add", "add", "add_link", "rename", "drop"], k=60)
        ]
        before = states(steps)
        with applied([PATCH]):
            assert states(steps) == before
