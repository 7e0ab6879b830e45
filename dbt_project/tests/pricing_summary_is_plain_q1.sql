{%- set exact -%}
    l_returnflag, l_linestatus, sum_qty, sum_base_price, sum_disc_price, sum_charge, count_order
{%- endset -%}

with lineitem as (
    {{ plain_lineitem() }}
),

expected as (

    select
        l_returnflag,
        l_linestatus,
        sum(l_quantity) as sum_qty,
        sum(l_extendedprice) as sum_base_price,
        sum(l_extendedprice * (1 - l_discount)) as sum_disc_price,
        sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) as sum_charge,
        avg(l_quantity) as avg_qty,
        avg(l_extendedprice) as avg_price,
        avg(l_discount) as avg_disc,
        count(*) as count_order

    from lineitem
    where l_shipdate <= date '1998-12-01' - interval '90' day
    group by l_returnflag, l_linestatus

),

actual as (

    select * from {{ ref('pricing_summary') }}

),

-- No engine says how avg() rounds, so the averages may be off by the mart's last digit.
wrong_averages as (

    select l_returnflag, l_linestatus
    from expected
    inner join actual using (l_returnflag, l_linestatus)
    where abs(expected.avg_qty - actual.avg_qty) > 0.000001
        or abs(expected.avg_price - actual.avg_price) > 0.000001
        or abs(expected.avg_disc - actual.avg_disc) > 0.000001

),

wrong_rows as (
    {{ differences('expected', 'actual', exact) }}
)

select l_returnflag, l_linestatus from wrong_averages
union all
select l_returnflag, l_linestatus from wrong_rows
