"""A state whose relations are not those of this run is refused, and no other."""

from __future__ import annotations

import copy
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import parses
from dbt_runner.engine.guard import left_over, wrong_relation

FILES = {
    "dbt_project.yml": """
        name: watched
        profile: watched
        models: {watched: {marts: {+schema: marts}}}
        functions: {watched: {+schema: "{{ target.schema }}_f"}}
    """,
    "seeds/codes.csv": "code\n1\n",
    "models/a.sql": "select 1 as one, cast('2020-01-01' as date) as day",
    "models/thin.sql": "{{ config(materialized='ephemeral') }} select * from {{ ref('a') }}",
    "models/marts/b.sql": "{{ config(alias=' bee ') }} select * from {{ ref('thin') }}",
    "models/marts/old_v1.sql": "select 1 as one",
    "models/marts/old_v2.sql": "select 2 as one",
    "models/c.sql": "{{ config(database=target.database, schema=target.schema) }} select 1 as one",
    "functions/f.sql": "select 1",
    "tests/none.sql": "{{ config(store_failures=true) }} select * from {{ ref('a') }} where 1 = 2",
    "snapshots/s.sql": """
        {% snapshot s %}
        {{ config(target_schema='kept', unique_key='one', strategy='check', check_cols=['one']) }}
        select * from {{ ref('a') }}
        {% endsnapshot %}
    """,
    "models/all.yml": """
        models:
          - name: a
            columns: [{name: one, data_tests: [not_null, unique: {config: {store_failures: true}}]}]
          - name: old
            latest_version: 2
            versions: [{v: 1}, {v: 2, config: {alias: newest}}]
          - name: c
            config: {alias: sea}
        sources:
          - {name: plain, tables: [{name: t}]}
          - name: placed
            database: other
            schema: "{{ target.schema }}_raw"
            tables: [{name: t, identifier: tee}]
        functions:
          - name: f
            returns: {data_type: integer}
    """,
    "models/metrics.yml": """
        models:
          - name: days
            config: {alias: calendar}
            time_spine: {standard_granularity_column: day}
            columns: [{name: day, granularity: day}]
        semantic_models:
          - name: ones
            model: ref('a')
            defaults: {agg_time_dimension: day}
            entities: [{name: one, type: primary}]
            dimensions: [{name: day, type: time, type_params: {time_granularity: day}}]
            measures: [{name: total, agg: sum, expr: one}]
    """,
    "models/days.sql": "select cast('2020-01-01' as date) as day",
}

NAMING = {
    "dbt's": "",
    "own": """
        {% macro generate_schema_name(custom, node) %}{{ custom or target.schema }}{% endmacro %}
        {% macro generate_alias_name(custom, node) %}
          {{ target.schema }}__{{ default__generate_alias_name(custom, node) }}
        {% endmacro %}
    """,
    "by node": """
        {% macro generate_schema_name(custom, node) %}
          {{ target.schema }}_{{ node.resource_type }}{{ '_' ~ custom if custom }}
        {% endmacro %}
        {% macro generate_database_name(custom, node) %}
          {% if node.name == 'a' %}{{ return('other') }}{% endif %}{{ custom or target.database }}
        {% endmacro %}
    """,
    "dbt's own called": """
        {% macro generate_schema_name(custom_name, node) -%}
          {%- if target.name == 'prod' -%}{{ custom_name }}
          {%- else -%}{{ default__generate_schema_name(custom_name, node) }}{%- endif -%}
        {%- endmacro %}
    """,
    "dispatched": """
        {% macro duckdb__generate_schema_name(custom, node) %}x_{{ node.name }}{% endmacro %}
    """,
}


@pytest.fixture(scope="module", params=NAMING)
def parsed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A project of all kinds of nodes, under each way of naming."""
    files = {name: textwrap.dedent(text) for name, text in FILES.items()}
    files["macros/naming.sql"] = NAMING[request.param]
    manifest, _ = parses.parse(tmp_path_factory.mktemp("p"), files)
    return manifest, parses.config()


def test_right_names(parsed: Any) -> None:
    """What dbt has just parsed for this run is let through."""
    manifest, config = parsed
    assert wrong_relation(manifest, config) is None
    assert left_over(manifest, config, ["\0S", "elsewhere"]) is None


NODES = [
    "model.watched.a",
    "model.watched.b",
    "model.watched.c",
    "model.watched.old.v1",
    "model.watched.old.v2",
    "seed.watched.codes",
    "snapshot.watched.s",
    "test.watched.none",
    "function.watched.f",
]


@pytest.mark.parametrize("field", ["database", "schema", "alias", "relation_name"])
@pytest.mark.parametrize("unique_id", NODES)
def test_one_wrong_name(field: str, unique_id: str, parsed: Any) -> None:
    """One field of one node that is not this run's is found, and both values are told."""
    manifest, config = parsed
    group = manifest.functions if unique_id.startswith("function.") else manifest.nodes
    with _changed(group, unique_id, lambda node: setattr(node, field, "elsewhere")):
        told = wrong_relation(manifest, config)
        assert told is not None
        assert told.startswith(f"{unique_id} has the {field} 'elsewhere', where this run's")
        assert left_over(manifest, config, ["nowhere", "elsewhere"]) == (
            f"{unique_id} holds the stand-in 'elsewhere': 'elsewhere'"
        )
    assert wrong_relation(manifest, config) is None


@pytest.mark.parametrize("field", ["database", "schema", "relation_name"])
@pytest.mark.parametrize("name", ["plain", "placed"])
def test_wrong_source(field: str, name: str, parsed: Any) -> None:
    """A source lies where its YAML says, rendered for this run."""
    manifest, config = parsed
    unique_id = f"source.watched.{name}.t"
    with _changed(manifest.sources, unique_id, lambda node: setattr(node, field, "elsewhere")):
        told = wrong_relation(manifest, config)
        assert told is not None
        assert told.startswith(f"{unique_id} has the {field} 'elsewhere'")


def test_wrong_semantic_model(parsed: Any) -> None:
    """A semantic model names its model's relation."""
    manifest, config = parsed

    def change(model: Any) -> None:
        model.node_relation = copy.copy(model.node_relation)
        model.node_relation.schema_name = "elsewhere"

    with _changed(manifest.semantic_models, "semantic_model.watched.ones", change):
        told = wrong_relation(manifest, config)
        assert told is not None
        assert "semantic_model.watched.ones has the schema 'elsewhere'" in told


def test_same_relation_twice(tmp_path: Path) -> None:
    """Two nodes with one relation, which dbt refuses, but only under this run's names."""
    files = {
        "macros/naming.sql": "{% macro generate_schema_name(c, n) %}{{ c or target.schema }}"
        "{% endmacro %}",
        "models/a.sql": "{{ config(schema='prod') }} select 1",
        "models/b.sql": "{{ config(alias='a') }} select 1",
    }
    manifest, _ = parses.parse(tmp_path, files)
    config = parses.config()
    assert wrong_relation(manifest, config) is None
    credentials = config.credentials
    config.credentials = copy.copy(credentials)
    config.credentials.schema = "prod"
    try:
        told = wrong_relation(manifest, config)
    finally:
        config.credentials = credentials
    assert told is not None
    assert "are both" in told


def test_wrong_connection(parsed: Any) -> None:
    """The profile itself may not hold a stand-in."""
    manifest, config = parsed
    assert "the connection holds" in (left_over(manifest, config, [parses.SCHEMA]) or "")


class _changed:  # noqa: N801 - used as a function
    """A changed copy in the place of an entry, for a while."""

    def __init__(self, group: dict[str, Any], key: str, change: Callable[[Any], object]) -> None:
        self._group, self._key, self._before = group, key, group[key]
        self._after = copy.copy(group[key])
        change(self._after)

    def __enter__(self) -> None:
        self._group[self._key] = self._after

    def __exit__(self, *_: object) -> None:
        self._group[self._key] = self._before
