{#- DuckDB divides decimals as doubles, Databricks to a scale of its own: only whole numbers are
    divided alike everywhere. So millionths are counted, with a half added to round the last. -#}
{% macro average(total, count) -%}
    cast(
        {{ divide_whole('2000000 * ' ~ total ~ ' + ' ~ count, '2 * ' ~ count) }} * 0.000001
        as decimal(18, 6)
    )
{%- endmacro %}


{% macro divide_whole(dividend, divisor) -%}
    {{ return(adapter.dispatch('divide_whole')(dividend, divisor)) }}
{%- endmacro %}


{% macro default__divide_whole(dividend, divisor) -%}
    (cast({{ dividend }} as decimal(38, 0)) div cast({{ divisor }} as decimal(38, 0)))
{%- endmacro %}


{% macro duckdb__divide_whole(dividend, divisor) -%}
    cast(cast({{ dividend }} as hugeint) // cast({{ divisor }} as hugeint) as decimal(18, 0))
{%- endmacro %}
