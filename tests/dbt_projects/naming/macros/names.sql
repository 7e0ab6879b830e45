{% macro generate_schema_name(custom_schema_name, node) -%}
  {%- if custom_schema_name is none -%}
    {{ target.schema }}
  {%- else -%}
    {{ custom_schema_name | trim }}_of_{{ target.schema }}
  {%- endif -%}
{%- endmacro %}

{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
  {{- custom_alias_name | trim if custom_alias_name else node.name ~ '_' ~ node.resource_type -}}
{%- endmacro %}

{% macro generate_database_name(custom_database_name=none, node=none) -%}
  {{- target.database if custom_database_name is none else custom_database_name -}}
{%- endmacro %}
