{% macro duckdb__scaled(column) %}({{ column }} * 1){% endmacro %}
