with customers as (

    select * from {{ ref('dim_customers') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

items as (

    select * from {{ ref('fct_order_items') }}

),

parameters as (

    select * from {{ ref('query_parameters') }}

)

select
    orders.order_key as l_orderkey,
    cast(sum(items.discounted_price) as decimal(38, 4)) as revenue,
    orders.order_date as o_orderdate,
    orders.ship_priority as o_shippriority

from orders
inner join customers
    on orders.customer_key = customers.customer_key
inner join items
    on orders.order_key = items.order_key
inner join parameters
    on customers.market_segment = parameters.q3_market_segment
    and orders.order_date < parameters.q3_date
    and items.ship_date > parameters.q3_date
group by orders.order_key, orders.order_date, orders.ship_priority
-- The key is not in TPC-H's query: it settles which of two equals is among the ten.
order by revenue desc, o_orderdate, l_orderkey
limit 10
