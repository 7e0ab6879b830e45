with items as (

    select * from {{ ref('fct_order_items') }}

),

parameters as (

    select * from {{ ref('query_parameters') }}

)

select
    items.return_flag as l_returnflag,
    items.line_status as l_linestatus,
    cast(sum(items.quantity) as decimal(38, 2)) as sum_qty,
    cast(sum(items.extended_price) as decimal(38, 2)) as sum_base_price,
    cast(sum(items.discounted_price) as decimal(38, 4)) as sum_disc_price,
    cast(sum(items.charge) as decimal(38, 6)) as sum_charge,
    {{ average('sum(items.quantity)', 'count(*)') }} as avg_qty,
    {{ average('sum(items.extended_price)', 'count(*)') }} as avg_price,
    {{ average('sum(items.discount)', 'count(*)') }} as avg_disc,
    count(*) as count_order

from items
cross join parameters
where items.ship_date <= parameters.q1_ship_date_to
group by items.return_flag, items.line_status
