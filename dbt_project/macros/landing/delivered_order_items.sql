{#- TPC-H has at most seven lines to an order, so line 8 of a changed order is an added one. -#}
{% macro delivered_order_items(day, loaded_at) %}
with drawn as (

    {{- drawn_orders(day) }}

),

copies as (

    select 0 as is_added
    union all
    select 1 as is_added

),

lines as (

    select
        *,
        delivery = 'new' or is_added = 1 as is_open

    from drawn
    inner join {{ source('tpch', 'lineitem').render() }} as lineitem
        on drawn.o_orderkey = lineitem.l_orderkey
    inner join copies
        on copies.is_added = 0
        or (drawn.delivery = 'changed' and lineitem.l_linenumber = 1)

)

select
    cast({{ delivered_order_key(day) }} as bigint) as l_orderkey,
    l_partkey,
    l_suppkey,
    cast(case when is_added = 1 then 8 else l_linenumber end as int) as l_linenumber,
    cast(l_quantity as decimal(18, 2)) as l_quantity,
    cast(l_extendedprice as decimal(18, 2)) as l_extendedprice,
    cast(
        case when delivery = 'changed' then 0.10 - l_discount else l_discount end as decimal(18, 2)
    ) as l_discount,
    cast(l_tax as decimal(18, 2)) as l_tax,
    case when is_open then 'N' else l_returnflag end as l_returnflag,
    case when is_open then 'O' else l_linestatus end as l_linestatus,
    case when is_open then {{ after_tpch('l_shipdate') }} else l_shipdate end as l_shipdate,
    case when is_open then {{ after_tpch('l_commitdate') }} else l_commitdate end as l_commitdate,
    case
        when is_open then {{ after_tpch('l_receiptdate') }} else l_receiptdate
    end as l_receiptdate,
    l_shipinstruct,
    l_shipmode,
    l_comment,
    cast({{ day }} as int) as landed_day,
    {{ loaded_at }} as loaded_at

from lines
{% endmacro %}
