{% macro rounded(column) %}
  round({{ adapter.dispatch('scaled', 'lib')(column) }}, {{ var('rounding') }})
{% endmacro %}
{% macro default__scaled(column) %}{{ column }}{% endmacro %}
{% test positive(model, column_name) %}select * from {{ model }} where {{ column_name }} < 0{% endtest %}
