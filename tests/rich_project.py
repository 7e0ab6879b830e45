"""A small dbt project that has one of everything that dbt does differently on each node."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PROJECT = """\
name: shop
version: "1.0"
profile: shop
flags: {send_anonymous_usage_stats: false}
vars:
  start_date: "2020-01-01"
  nested: "{{ 1 + 1 }}"
  shop: {limit: 3}
  greeting: hello
  tools: {limit: 4}
dispatch: [{macro_namespace: tools, search_order: [shop, tools]}]
on-run-start: ["create table if not exists {{ target.schema }}.audit (what varchar)"]
on-run-end:
  - "insert into {{ target.schema }}.audit select '{{ results | length }}'"
  - "{{ note_end(results) }}"
models:
  +persist_docs: {relation: true}
  shop:
    marts: {+schema: marts, +materialized: table, +post-hook: "{{ note('post') }}"}
seeds: {shop: {+schema: raw, codes: {+column_types: {code: varchar, seen_at: timestamp}}}}
snapshots: {shop: {+schema: history}}
"""
_RUNNER = """\
run_types:
  all:
    commands:
      - run-operation tidy --args '{{"schema":"x"}}'
      - build --exclude "{0} tag:broken"
      - build --full-refresh --select grown+ --exclude "{0} tag:broken"
      - snapshot
      - compile --exclude "{0}"
      - docs generate --exclude "{0}"
      - source freshness
"""
_MACROS = """\
{% macro generate_schema_name(name, node) %}{{ target.schema ~ ('_' ~ name if name else '') }}
{% endmacro %}
{% macro generate_alias_name(name, node) %}{{ (name or node.name) | trim }}{% endmacro %}
{% macro note(what) %}insert into {{ target.schema }}.audit
  select '{{ what }} {{ this.identifier }}'{% endmacro %}
{% macro note_end(results) %}{% for r in results %}{% if r.status == 'error' %}
  {% do log('failed: ' ~ r.node.name, info=true) %}{% endif %}{% endfor %}{% endmacro %}
{% macro duckdb__shout(text) %}'{{ text | upper }}!'{% endmacro %}
{% macro days() %}{{ return([modules.datetime.date(2020, 1, 1), 2]) }}{% endmacro %}
{% macro caller_twice() %}{{ caller() }} {{ caller() }}{% endmacro %}
{% macro validation() %}a macro may hide what dbt offers{% endmacro %}
{% macro set_strict() %}whenever dbt makes it{% endmacro %}
{% macro tidy(schema) %}{% do run_query('select 1') %}{{ log('tidied ' ~ schema, info=true) }}
{% endmacro %}
{% test positive(model, column_name, at_least=0) %}
  {{ config(severity='warn') }}
  select * from {{ model }} where {{ column_name }} < {{ at_least }}
{% endtest %}
"""
_TOOLS = """\
{% macro greet() %}{{ return(adapter.dispatch('greet', 'tools')()) }}{% endmacro %}
{% macro default__greet() %}'{{ var("greeting") }}'{% endmacro %}
{% macro shout(text) %}{{ return(adapter.dispatch('shout', 'tools')(text)) }}{% endmacro %}
{% macro default__shout(text) %}'{{ text }}'{% endmacro %}
{% macro _private() %}1{% endmacro %}
"""
_LOOKS = """\
{{ config(materialized='view', tags=['base']) }}
{%- set found = run_query("select date '2020-02-03' as d, 1.5 as n, 'x' as t, true as b") %}
{%- set own = namespace(n=0) %}
{%- for key in ['ref', 'tools', 'note', 'nothing', 'flags'] if key in context %}
  {%- set own.n = own.n + 1 %}
{%- endfor %}
select
  1 as id,
  {{ context | length }} as names, {{ builtins | length }} as built, {{ own.n }} as there,
  '{{ context.keys() | map("string") | list | unique | sort | join(" ") | length }}' as all_names,
  '{{ tools | sort | join(",") }}' as tools, {{ tools._private() }} as one,
  '{{ context["tools"]["greet"] is callable }} {{ context.get("no", 7) }}' as looked,
  {{ greet_or_shout() }} as said, {{ tools.greet() }} as greeted,
  {{ tools.shout('hi') }} as shouted,
  '{{ var("start_date") }} {{ var("nested") }} {{ var("limit", 9) }}' as vars,
  '{{ var("none", "d") }}' as no_var,
  '{{ env_var("RICH", "poor") }} {{ target.schema }} {{ flags.FULL_REFRESH }}' as around,
  '{{ invocation_args_dict.which }} {{ model.unique_id }}' as m,
  '{{ model.depends_on.macros | sort | join(' ') }}' as macros,
  '{{ validation() }} {{ set_strict() }}' as hidden,
  '{{ days() }} {{ modules.re.sub("a", "b", "aaa") }}' as made,
  {% if execute %}{{ found.columns[1].values() | first }} as n,
  '{{ found.columns | map(attribute="data_type") | map("string") | list | length }}' as types,
  '{{ found.rows[0]["d"] }} {{ found.rows[0]["b"] }}' as d,
  {{ graph.nodes | length }} as nodes,
  '{{ selected_resources | length > 0 }}' as selected, {% endif %}
  {% call caller_twice() %}1 +{% endcall %} 1 as called
"""
_GREET = """\
{% macro greet_or_shout() %}{% if execute %}{{ dbt.type_string() | string | trim | length }}
{% else %}0{% endif %}{% endmacro %}
"""
_SCHEMA = """\
sources:
  - name: raw
    schema: "{{ target.schema }}_raw"
    tables:
      - name: codes
        loaded_at_field: seen_at
        freshness: {warn_after: {count: 1, period: day}}
groups: [{name: sales, owner: {name: someone}}]
models:
  - name: orders
    description: "{{ doc('orders') }}"
    latest_version: 2
    group: sales
    access: public
    config: {contract: {enforced: true}, tags: [base], materialized: table}
    constraints: [{type: check, expression: "id > 0"}]
    columns:
      - name: id
        data_type: integer
        constraints: [{type: not_null}]
        data_tests: [unique, not_null]
      - name: amount
        data_type: integer
        description: What was paid.
        data_tests: [positive, {positive: {arguments: {at_least: 25}}}]
    versions: [{v: 1, config: {alias: orders_old}}, {v: 2}]
  - name: grown
    columns:
      - name: id
        data_tests:
          - relationships: {arguments: {to: "ref('orders', v=2)", field: id}}
          - accepted_values: {arguments: {values: [1, 2, 3], quote: false}}
          - not_null: {config: {where: "id > 1", store_failures: true, severity: error}}
unit_tests:
  - name: grown_counts
    model: grown
    overrides: {macros: {is_incremental: false, tools.greet: "'over'"}, vars: {limit: 2}}
    given: [{input: "ref('orders', v=2)", rows: [{id: 1, amount: 5}, {id: 9, amount: 6}]}]
    expect: {rows: [{id: 1, amount: 5, said: over}]}
  - name: grown_fails
    model: grown
    config: {tags: [broken]}
    overrides: {macros: {is_incremental: false}}
    given: [{input: "ref('orders', v=2)", rows: [{id: 1, amount: 5}]}]
    expect: {rows: [{id: 1, amount: 6, said: hello}]}
exposures:
  - {name: board, type: dashboard, owner: {name: someone}, depends_on: ["ref('grown')"]}
semantic_models:
  - name: sales
    model: ref('sold')
    defaults: {agg_time_dimension: paid_on}
    entities: [{name: sold, type: primary, expr: id}]
    dimensions: [{name: paid_on, expr: day, type: time, type_params: {time_granularity: day}}]
    measures: [{name: amount, agg: sum}]
metrics: [{name: paid, label: Paid, type: simple, type_params: {measure: amount}}]
saved_queries:
  - name: paid_daily
    query_params: {metrics: [paid], group_by: ["TimeDimension('sold__paid_on')"]}
"""
_SPINE = """\
models:
  - name: spine
    time_spine: {standard_granularity_column: day}
    columns: [{name: day, granularity: day}]
"""
_FILES = {
    "dbt_project.yml": _PROJECT,
    "runner.yml": _RUNNER.format("path:models/broken path:tests/broken_*.sql"),
    "packages.yml": "packages: [{local: ../tools}]\n",
    "dbt_packages/tools/dbt_project.yml": "name: tools\nversion: '1.0'\n",
    "dbt_packages/tools/macros/tools.sql": _TOOLS,
    "dbt_packages/tools/models/packed.sql": "select {{ greet() }} a, {{ tools.shout('a') }} b",
    "macros/shop.sql": _MACROS,
    "macros/greet.sql": _GREET,
    "seeds/codes.csv": "id,code,seen_at\n1,001,2020-01-01\n2,b,2020-01-02 03:04:05\n3,,\n",
    "models/looks.sql": _LOOKS,
    "models/base/orders_v1.sql": "select 1 as id, 1 as amount",
    "models/base/orders_v2.sql": "select id::integer as id, (10 * id)::integer as amount\n"
    "from {{ source('raw', 'codes') }} -- {{ ref('codes') }}",
    "models/base/passing.sql": "{{ config(materialized='ephemeral') }} select 1 as id",
    "models/marts/grown.sql": "{{ config(materialized='incremental', unique_key='id', "
    "pre_hook=note('pre')) }}\nselect id, amount, {{ tools.greet() }} as said\n"
    "from {{ ref('orders', v=2) }} where id < {{ var('limit') + 1 }}\n"
    "{% if is_incremental() %} and id >= (select max(id) from {{ this }}){% endif %}",
    "models/marts/sold.sql": "select id, amount, date '2020-01-01' as day\n"
    "from {{ ref('orders', v=1) }} join {{ ref('passing') }} using (id)",
    "models/marts/spine.sql": "select date '2020-01-01' as day",
    "models/marts/microbatch.sql": "{{ config(materialized='incremental', "
    "incremental_strategy='microbatch', event_time='day', batch_size='year', begin='2024-01-01', "
    "lookback=1) }}\nselect id, day from {{ ref('sold') }}",
    "models/broken/statement.sql": "select no_such_column from {{ ref('sold') }}",
    "models/broken/behind.sql": "select * from {{ ref('statement') }}",
    "models/broken/refused.sql": "{% if execute %}"
    "{{ exceptions.raise_compiler_error('no: ' ~ this) }}{% endif %} select 1 as id",
    "models/broken/undefined.sql": "{% if execute %}{{ nothing.at.all() }}{% endif %} select 1",
    "models/broken/deep.sql": "select {{ tools.shout() }} as id",
    "models/warns.sql": "{% if execute %}{% do exceptions.warn('take care') %}{% endif %}"
    "{{ log('quiet') }}{{ log('loud', info=true) }}{{ print('printed') }} select 1 as id",
    "models/schema.yml": _SCHEMA,
    "models/marts/spine.yml": _SPINE,
    "models/docs.md": "{% docs orders %}What was ordered.{% enddocs %}\n",
    "snapshots/history.yml": "snapshots:\n"
    "  - name: by_check\n    relation: ref('orders', v=2)\n"
    "    config: {strategy: check, unique_key: id, check_cols: [amount]}\n"
    "  - name: by_time\n    relation: source('raw', 'codes')\n"
    "    config: {strategy: timestamp, unique_key: id, updated_at: seen_at}\n",
    "tests/none_is_large.sql": "select * from {{ ref('grown') }} where amount > 90",
    "tests/broken_fails.sql": "select * from {{ ref('grown') }} where amount > 2",
    "tests/broken_test.sql": "select nothing from {{ ref('grown') }}",
}


def write(folder: Path) -> None:
    """Write the project, which is named `shop`; the package that it uses is installed."""
    for path, text in _FILES.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
