with customers as (

    select * from {{ ref('dim_customers') }}

),

suppliers as (

    select * from {{ ref('dim_suppliers') }}

),

nations as (

    select * from {{ ref('dim_nations') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

items as (

    select * from {{ ref('fct_order_items') }}

)

select
    nations.region_name as r_name,
    cast(extract(year from orders.order_date) as int) as o_year,
    nations.nation_name as n_name,
    cast(sum(items.discounted_price) as decimal(38, 4)) as revenue

from orders
inner join customers
    on orders.customer_key = customers.customer_key
inner join items
    on orders.order_key = items.order_key
inner join suppliers
    on items.supplier_key = suppliers.supplier_key
    and customers.nation_key = suppliers.nation_key
inner join nations
    on suppliers.nation_key = nations.nation_key
group by
    nations.region_name,
    cast(extract(year from orders.order_date) as int),
    nations.nation_name
