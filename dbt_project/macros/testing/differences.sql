{#- `all` counts rows, so that a row too many is a difference too. -#}
{% macro differences(expected, actual, columns='*') %}
(select {{ columns }} from {{ expected }} except all select {{ columns }} from {{ actual }})
union all
(select {{ columns }} from {{ actual }} except all select {{ columns }} from {{ expected }})
{%- endmacro %}
