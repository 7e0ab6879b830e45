"""A served state is the manifest that dbt would have parsed, on each kind of database."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dbt_runner.baked.key import Key
from dbt_runner.baked.making import make
from dbt_runner.baked.names import FIRST
from dbt_runner.engine.baking import comparison, state
from dbt_runner.engine.engine import BEHAVIOUR, Engine
from dbt_runner.engine.options import Options
from dbt_runner.engine.serving import Place, Serving
from dbt_runner.places import Target
from dbt_runner.settings import Settings
from dbt_runner.warehouse import databricks, duckdb
from dbt_runner.warehouse.connection import Connection, Login

if TYPE_CHECKING:
    from dbt_runner.engine.events import Event

# Each bakes, in processes of their own.
pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2] / "dbt_project"
LOGIN = Login(
    environment={
        databricks.HOST: "adb-1.2.azuredatabricks.net",
        databricks.HTTP_PATH: "/sql/1.0/warehouses/abc",
        databricks.TOKEN: "no token",
        databricks.QUERY_TAGS: "",
    }
)


def connection(kind: str, catalog: str, schema: str, folder: Path) -> Connection:
    """A target of that kind, in some place."""
    if kind == "duckdb":
        file = folder / f"{catalog}.duckdb"
        return duckdb.connection("tpch", "aim", file, schema, catalog)
    settings = Settings(target="aim", warehouse_id="0", catalog=catalog, target_schema=schema)
    place = Target(type="databricks", catalog=catalog, schema=schema)
    return databricks.connection("tpch", settings, place)


def ignore(event: Event) -> None:
    """Nobody listens."""


@pytest.mark.parametrize("kind", ["duckdb", "databricks"])
def test_served_is_parsed(kind: str, tmp_path: Path) -> None:
    """Under other names and in another folder, each entry is the one that a parse makes."""
    baked = make(PROJECT, connection(kind, "main", "analytics", tmp_path), BEHAVIOUR)
    project = tmp_path / "elsewhere" / "project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs", ".*"))
    here = connection(kind, "other-catalog", "order", tmp_path)
    place = Place("other-catalog", "order", str(project))
    key = baked.key
    serving = Serving(
        baked.data,
        place,
        environment=tuple(key.environment),
        flags=key.flags,
        files=key.parsed,
        marks=FIRST.marks,
    )
    found: list[Any] = []
    fingerprints: list[Any] = []
    for name in ("served", "parsed"):
        engine = Engine(Options(project, here, tmp_path / name, 4), ignore)
        with engine.session(lambda: LOGIN):
            if name == "served":
                assert engine.parse_baked(serving, tmp_path / name / "parse") is None
                assert "flat_graph" not in vars(engine.manifest)
                graph = engine.manifest.flat_graph
                assert engine.manifest.flat_graph is graph
                engine.manifest.build_flat_graph()
                assert graph == engine.manifest.flat_graph
                assert {*graph["nodes"]} == {*engine.manifest.nodes}
            else:
                engine.parse(tmp_path / name / "parse")
            assert engine.place() == ("other-catalog", "order")
            fingerprints.append(engine.fingerprint())
            state.strip(engine.manifest)
            found.append(engine.manifest)
    assert comparison.difference(*found) is None
    assert fingerprints[0] == fingerprints[1]


ASKING = {
    "models/a.sql": "{{ config(tags=['w'] if is_warehouse() else ['c']) }} select 1 as n",
    "models/b.sql": "{% if 'sql/protocol' in target.http_path %}{{ ref('a') }}{% endif %}select 1",
    "models/c.sql": "select {{ dbt.dateadd('day', 1, 'current_date') }} as id",
    "macros/is_warehouse.sql": """
        {% macro is_warehouse() %}
          {% set found = modules.re.search('sql/.+/warehouses/', target.http_path) %}
          {{ return(found is not none) }}
        {% endmacro %}
    """,
    "dbt_project.yml": "name: tpch\nprofile: tpch\n",
}


def test_what_is_asked_of_the_http_path(tmp_path: Path) -> None:
    """Packages tell a warehouse from a cluster by it; a run whose answers are others is refused."""
    project = tmp_path / "project"
    for name, text in ASKING.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    here = connection("databricks", "main", "analytics", tmp_path)
    baked = make(project, here, BEHAVIOUR)
    asked = baked.key.asked
    assert {*asked} == {
        ("in", "/warehouses/", True),
        ("in", "sql/protocol", False),
        ("search", "sql/.+/warehouses/", True),
    }
    assert Key.read(baked.key.text()).asked == asked
    serving = Serving(baked.data, Place("main", "analytics", str(project)), asked=asked)
    told = {}
    for path in ("/sql/1.0/warehouses/7f", "/sql/protocolv1/o/0/0123-456789-abc"):
        environment = {**LOGIN.environment, databricks.HTTP_PATH: path}
        engine = Engine(Options(project, here, tmp_path / "run", 4), ignore)
        with engine.session(partial(Login, environment=environment)):
            told[path] = engine.parse_baked(serving, tmp_path / "run/parse")
    warehouse, cluster = told.values()
    assert warehouse is None
    assert str(cluster).startswith("http_path: the parse asks it for '/warehouses/'")


def test_names_of_another_run_are_refused(tmp_path: Path) -> None:
    """A state that was filled in for another schema is not served, though dbt would take it."""
    baked = make(PROJECT, connection("duckdb", "main", "analytics", tmp_path), BEHAVIOUR)
    engine = Engine(Options(PROJECT, connection("duckdb", "a", "b", tmp_path), tmp_path, 4), ignore)
    serving = Serving(baked.data, Place("a", "other", str(PROJECT)))
    with engine.session(lambda: LOGIN):
        told = engine.parse_baked(serving, tmp_path / "parse")
        assert "'other'" in str(told)
        told = engine.parse_baked(replace(serving, data=baked.data[:-9]), tmp_path / "parse")
        assert "does not load" in str(told)
