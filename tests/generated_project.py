"""dbt projects of any size and three shapes; the same arguments give the same bytes.

The SQL is portable between DuckDB and Spark, and trivial: what a build costs is dbt's own work.

Every project has two models that all others stand on. `clock` is the first model that is built, and
holds the time at which the transaction began that made it, as the database dates it: so the first
SQL of a model is dated by none of those that are measured. `gate` follows it; it can fail, so that
a build ends soon.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal, get_args

Shape = Literal["plain", "chain", "macros"]
"""What the models are.

- `plain`: 30 % staging views, 40 % intermediate views, 30 % marts, of which a fifth is incremental;
  custom schemas, sources, variables, loops, macros, three tests for each model, a seed.
- `chain`: tables, each reads the one before, and its key is tested against that one's. Such a graph
  is where dbt's search for edges between tests and models is quadratic.
- `macros`: as `plain`, with 40 further calls of macros in each model, three deep.
"""

SHAPES: tuple[Shape, ...] = get_args(Shape)

_PROJECT = """\
name: shop
version: "1.0"
profile: shop
flags: {send_anonymous_usage_stats: false}
vars: {lookback: 3, start_date: "2020-01-01"}
"""
_LAYERS = """\
models:
  shop:
    staging: {+schema: staging, +tags: [staging]}
    marts: {+schema: marts, +materialized: table, +meta: {owner: data}}
"""
_MACROS = """\
{% macro dollars(cents) %}round({{ cents }} / 100.0, 2){% endmacro %}

{% macro status_name(column) %}
  case {% for name in ['new', 'open', 'closed'] %}
    when {{ column }} = {{ loop.index }} then '{{ name }}'
  {% endfor %} else 'unknown' end
{% endmacro %}

{% macro audit() %}{{ var('lookback') }} as lookback{% endmacro %}

{% test positive(model, column_name) %}
  select * from {{ model }} where {{ column_name }} < 0
{% endtest %}
"""
_LIBRARY = """\
{{% macro sum_{0}(column) %}}
  {{{{ term_{0}(column, 1) }}}} + {{{{ term_{0}(column, 2) }}}}
{{% endmacro %}}
{{% macro term_{0}(column, by) %}}{{{{ factor_{0}(column) }}}} * {{{{ by }}}}{{% endmacro %}}
{{% macro factor_{0}(column) %}}({{{{ column }}}} + {0}){{% endmacro %}}
"""
_LIBRARY_SIZE = 30

_CLOCK = "{{ config(materialized='table') }}\nselect {{ dbt.current_timestamp() }} as began_at\n"
_GATE = "-- depends_on: {{{{ ref('clock') }}}}\nselect {} as id\n"
_STAGING = """\
-- depends_on: {{{{ ref('gate') }}}}, {{{{ source('raw', 't{source}') }}}}
with source as (
  select 1 as id, {number} as cents, 1 as state union all select 2, 200, 2
)
select
  id,
  {{{{ dollars('cents') }}}} as amount,
  {{{{ status_name('state') }}}} as status,
  {{{{ audit() }}}}
from source
"""
_INTERMEDIATE = """\
{{%- set columns = ['amount', 'status'] -%}}
select
  a.id,
  {{% for column in columns %}}a.{{{{ column }}}}, {{% endfor %}}
  {{{{ sum_{library}('b.id') }}}} as total
from {{{{ ref('{left}') }}}} as a
left join {{{{ ref('{right}') }}}} as b on a.id = b.id
{{% if var('lookback') > 0 %}}
where a.id > 0 and '{{{{ var('start_date') }}}}' is not null
{{% endif %}}
"""
_MART = """\
select a.id, a.amount, a.status, {{{{ audit() }}}}
from {{{{ ref('{left}') }}}} as a
left join {{{{ ref('{right}') }}}} as b on a.id = b.id
{{% if is_incremental() %}}where a.id > (select max(id) from {{{{ this }}}}){{% endif %}}
"""
_INCREMENTAL = "{{ config(materialized='incremental', unique_key='id') }}\n"
_CALLS = "/* {{% for _ in range(8) %}}{{{{ sum_{library}('id') }}}}{{% endfor %}} */\n"
_LINK = """\
{{{{ config(materialized='table') }}}}
-- depends_on: {{{{ ref('{before}') }}}}
select 1 as id union all select {number} + 2
"""


def write(folder: Path, models: int, shape: Shape = "plain", *, fails: bool = False) -> int:
    """Write a project named `shop`, which uses the profile of that name.

    Args:
        folder: of the project; made.
        models: how many, at least 3.
        fails: let `gate` fail, and so everything behind it be skipped.

    Returns:
        How many nodes `dbt build` has: models, tests and the seed.
    """
    files = {
        "dbt_project.yml": _PROJECT + ("" if shape == "chain" else _LAYERS),
        "macros/shop.sql": _MACROS,
        **{f"macros/library_{n}.sql": _LIBRARY.format(n) for n in range(_LIBRARY_SIZE)},
        "seeds/codes.csv": "id,code\n1,a\n2,b\n",
        "models/clock.sql": _CLOCK,
        "models/gate.sql": _GATE.format("no_such_column" if fails else "1"),
    }
    files |= _chain(models - 2) if shape == "chain" else _layers(models - 2, shape)
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return models + 3 * (models - 2) + 1


def _layers(models: int, shape: Shape) -> dict[str, str]:
    staging, marts = (max(1, models * 3 // 10), models * 3 // 10)
    names = {
        "staging": [f"stg_{n}" for n in range(staging)],
        "intermediate": [f"int_{n}" for n in range(models - staging - marts)],
        "marts": [f"mart_{n}" for n in range(marts)],
    }
    files = {"models/staging/sources.yml": _sources(staging)}
    for layer, below in (("staging", ""), ("intermediate", "staging"), ("marts", "intermediate")):
        for number, name in enumerate(names[layer]):
            read = names.get(below) or ["gate"]
            values = {
                "number": number,
                "source": number // 10,
                "library": number % _LIBRARY_SIZE,
                "left": read[number % len(read)],
                "right": read[(number * 7 + 1) % len(read)],
            }
            text = {"staging": _STAGING, "intermediate": _INTERMEDIATE, "marts": _MART}[layer]
            text = text.format(**values) + (_CALLS.format(**values) if shape == "macros" else "")
            is_incremental = layer == "marts" and number % 5 == 0
            files[f"models/{layer}/{name}.sql"] = _INCREMENTAL * is_incremental + text
        tests = ("[not_null, unique]", "[positive]")
        files |= _described(layer, [(name, tests) for name in names[layer]])
    return files


def _chain(models: int) -> dict[str, str]:
    names = ["gate", *(f"link_{n}" for n in range(models))]
    files, described = {}, []
    for number, (before, name) in enumerate(pairwise(names)):
        files[f"models/chain/{name}.sql"] = _LINK.format(before=before, number=number)
        key = f"{{relationships: {{arguments: {{to: ref('{name}'), field: id}}}}}}"
        described.append((name, (f"[not_null, unique, {key}]",)))
    return files | _described("chain", described)


def _described(layer: str, models: Sequence[tuple[str, tuple[str, ...]]]) -> dict[str, str]:
    """Ten models to a file, each with the tests of its columns `id` and `amount`."""
    files = {}
    for start in range(0, len(models), 10):
        text = "models:\n"
        for name, tests in models[start : start + 10]:
            text += f"  - name: {name}\n    description: What {name} holds, and whose it is.\n"
            text += "    columns:\n"
            for column, test in zip(("id", "amount"), tests, strict=False):
                text += f"      - name: {column}\n        description: Its {column}.\n"
                text += f"        data_tests: {test}\n"
        files[f"models/{layer}/models_{start // 10}.yml"] = text
    return files


def _sources(staging: int) -> str:
    tables = "".join(f"      - name: t{n}\n" for n in range((staging + 9) // 10))
    name = '  - name: raw\n    schema: "{{ target.schema }}_raw"\n'
    return f"sources:\n{name}    tables:\n{tables}"
