{#- TPC-H carries no time of loading; its last date is 1998-12-31. -#}
{% macro tpch_loaded_at() -%}
    cast('1999-01-01 00:00:00' as timestamp)
{%- endmacro %}
