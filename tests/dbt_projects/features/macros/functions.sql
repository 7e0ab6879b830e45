{# DuckDB's word for a function in SQL is macro, and its arguments have no types #}
{% macro duckdb__scalar_function_sql(target_relation) %}
  create or replace macro {{ target_relation.render() }}
  ({{ model.arguments | map(attribute='name') | join(', ') }}) as {{ model.compiled_code }}
{% endmacro %}
