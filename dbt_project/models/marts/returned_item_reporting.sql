with customers as (

    select * from {{ ref('dim_customers') }}

),

nations as (

    select * from {{ ref('dim_nations') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

items as (

    select * from {{ ref('fct_order_items') }}

),

parameters as (

    select * from {{ ref('query_parameters') }}

),

returned as (

    select
        orders.customer_key,
        cast(sum(items.discounted_price) as decimal(38, 4)) as revenue

    from orders
    inner join items
        on orders.order_key = items.order_key
    cross join parameters
    where items.return_flag = 'R'
        and orders.order_date >= parameters.q10_order_date_from
        and orders.order_date < parameters.q10_order_date_before
    group by orders.customer_key

)

select
    customers.customer_key as c_custkey,
    customers.customer_name as c_name,
    returned.revenue,
    customers.account_balance as c_acctbal,
    nations.nation_name as n_name,
    customers.address as c_address,
    customers.phone as c_phone,
    customers.comment as c_comment

from returned
inner join customers
    on returned.customer_key = customers.customer_key
inner join nations
    on customers.nation_key = nations.nation_key
-- The key is not in TPC-H's query: it settles which of two equals is among the twenty.
order by returned.revenue desc, customers.customer_key
limit 20
