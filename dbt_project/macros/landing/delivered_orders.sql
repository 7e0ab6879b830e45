{#- With `render`, a source is whole also under `--empty`, which is for models.
    The prime spreads the residues evenly over TPC-H's order keys, which come in runs of eight.
    One residue is a thousandth of all orders, as much as one of TPC-H's own refresh functions. -#}
{% macro drawn_orders(day) %}
        select
            *,
            case
                when {{ day }} = 0 then 'repeated'
                when mod(o_orderkey + 3 * {{ day }}, 997) = 0 then 'new'
                when mod(o_orderkey + 3 * {{ day }}, 997) = 1 then 'late'
                else 'changed'
            end as delivery

        from {{ source('tpch', 'orders').render() }}
        where mod(o_orderkey + 3 * {{ day }}, 997) < 3
{%- endmacro %}


{#- Beyond every key that TPC-H uses below scale 166,000, and others for each day. -#}
{% macro delivered_order_key(day) -%}
    case
            when delivery in ('new', 'late') then o_orderkey + {{ day }} * 1000000000000
            else o_orderkey
        end
{%- endmacro %}


{#- TPC-H's order dates span 2,406 days: that much later, any of them lies behind the last. -#}
{% macro after_tpch(date) -%}
    cast({{ date }} + interval '2406' day as date)
{%- endmacro %}


{% macro delivered_orders(day, loaded_at) %}
with drawn as (

    {{- drawn_orders(day) }}

),

totals as (

    select
        l_orderkey,
        cast(
            sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) as decimal(18, 2)
        ) as total_price

    from ({{ delivered_order_items(day, loaded_at) }}) as items
    group by l_orderkey

),

delivered as (

    select
        cast({{ delivered_order_key(day) }} as bigint) as o_orderkey,
        o_custkey,
        case
            when delivery = 'new' then 'O'
            when delivery = 'changed' and o_orderstatus = 'F' then 'P'
            else o_orderstatus
        end as o_orderstatus,
        cast(o_totalprice as decimal(18, 2)) as o_totalprice,
        case
            when delivery = 'new' then {{ after_tpch('o_orderdate') }}
            else o_orderdate
        end as o_orderdate,
        o_orderpriority,
        o_clerk,
        o_shippriority,
        o_comment,
        delivery

    from drawn

)

select
    o_orderkey,
    o_custkey,
    o_orderstatus,
    case when delivery = 'changed' then total_price else o_totalprice end as o_totalprice,
    o_orderdate,
    o_orderpriority,
    o_clerk,
    o_shippriority,
    o_comment,
    cast({{ day }} as int) as landed_day,
    {{ loaded_at }} as loaded_at

from delivered
inner join totals
    on delivered.o_orderkey = totals.l_orderkey
{% endmacro %}
