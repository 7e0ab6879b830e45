with orders as (
    {{ plain_orders() }}
),

lineitem as (
    {{ plain_lineitem() }}
),

expected as (

    select
        r_name,
        extract(year from o_orderdate) as o_year,
        n_name,
        sum(l_extendedprice * (1 - l_discount)) as revenue

    from
        {{ source('tpch', 'customer') }},
        orders,
        lineitem,
        {{ source('tpch', 'supplier') }},
        {{ source('tpch', 'nation') }},
        {{ source('tpch', 'region') }}
    where c_custkey = o_custkey
        and l_orderkey = o_orderkey
        and l_suppkey = s_suppkey
        and c_nationkey = s_nationkey
        and s_nationkey = n_nationkey
        and n_regionkey = r_regionkey
    group by r_name, extract(year from o_orderdate), n_name

)

{{ differences('expected', ref('local_supplier_volume')) }}
