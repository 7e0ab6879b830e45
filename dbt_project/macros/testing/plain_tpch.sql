{#- The plain queries take their rows from here: straight from the sources, and by another way than
    the facts. A landed version counts if none of its key is newer, TPC-H's if none is landed. -#}
{% macro plain_orders() %}
    {%- set columns = 'o_orderkey, o_custkey, o_orderdate, o_shippriority' %}
    select {{ columns }}
    from {{ source('tpch', 'orders') }} as original
    where not exists (
        select 1 from {{ source('landing', 'orders') }} as landed
        where landed.o_orderkey = original.o_orderkey
    )
    union all
    select {{ columns }}
    from {{ source('landing', 'orders') }} as landed
    where not exists (
        select 1 from {{ source('landing', 'orders') }} as newer
        where newer.o_orderkey = landed.o_orderkey
            and newer.loaded_at > landed.loaded_at
    )
{% endmacro %}


{% macro plain_lineitem() %}
    {%- set columns = [
        'l_orderkey', 'l_suppkey', 'l_quantity', 'l_extendedprice', 'l_discount', 'l_tax',
        'l_returnflag', 'l_linestatus', 'l_shipdate',
    ] | join(', ') %}
    select {{ columns }}
    from {{ source('tpch', 'lineitem') }} as original
    where not exists (
        select 1 from {{ source('landing', 'order_items') }} as landed
        where landed.l_orderkey = original.l_orderkey
            and landed.l_linenumber = original.l_linenumber
    )
    union all
    select {{ columns }}
    from {{ source('landing', 'order_items') }} as landed
    where not exists (
        select 1 from {{ source('landing', 'order_items') }} as newer
        where newer.l_orderkey = landed.l_orderkey
            and newer.l_linenumber = landed.l_linenumber
            and newer.loaded_at > landed.loaded_at
    )
{% endmacro %}
