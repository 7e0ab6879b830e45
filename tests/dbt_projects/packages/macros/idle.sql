{% macro idle() %}1{% endmacro %}
