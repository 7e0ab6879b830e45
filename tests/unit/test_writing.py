"""Which runs are in each other's way."""

from __future__ import annotations

import pytest

from dbt_runner.execution.writing import places
from dbt_runner.store.leases import Place


def paths(
    *relations: tuple[str, str], kind: str = "databricks", file: str | None = None
) -> list[str]:
    """Where the leases lie."""
    return sorted(str(place.path) for place in places(relations, kind, file))


def test_place_is_catalog_and_schema() -> None:
    """It is what is written that counts, in any case of letters; each schema is a place."""
    assert paths(("main", "b"), ("Main", "B"), ("main", "a")) == [
        "databricks/main/a",
        "databricks/main/b",
    ]


def test_same_place_is_taken_once() -> None:
    """A place that is written in two ways is one, so that no run is in its own way."""
    assert len({Place(("a",), "A"), Place(("a",), "a")}) == 1


def test_database_file_is_one_place() -> None:
    """A DuckDB file lets one process in, whatever schema that writes; its path says which it is."""
    one = paths(("local", "a"), ("local", "b"), kind="duckdb", file="/x/local.duckdb")
    assert len(one) == 1
    assert one == paths(("local", "c"), kind="duckdb", file="/x/../x/local.duckdb")
    assert one != paths(("local", "a"), kind="duckdb", file="/y/local.duckdb")


def test_what_is_not_shared_has_no_place() -> None:
    """A database in memory is nobody else's, and who writes nothing needs no lease."""
    assert paths(("memory", "main"), kind="duckdb", file=":memory:") == []
    assert paths() == []


def test_database_in_a_cloud() -> None:
    """MotherDuck lets several in, so there a schema is a place."""
    assert paths(("db", "s"), kind="duckdb", file="md:db") == ["duckdb/db/s"]


@pytest.mark.parametrize("name", ["a b", "../x", "..", "", "größe", 'z"; drop', "a/b", "x" * 255])
def test_odd_names(name: str) -> None:
    """A name of any letters and length is a name of one file, and no other name's."""
    part = Place(("databricks", name), name).path.name
    assert part.isascii()
    assert part.replace("-", "").replace("_", "").isalnum()
    assert len(part) < 100
    assert part != Place(("databricks", f"{name}_"), name).path.name
    assert Place(("databricks", part), name).path.name != part
