with items as (

    select * from {{ ref('fct_order_items') }}

),

parameters as (

    select * from {{ ref('query_parameters') }}

)

select
    cast(sum(items.extended_price * items.discount) as decimal(38, 4)) as revenue

from items
cross join parameters
where items.ship_date >= parameters.q6_ship_date_from
    and items.ship_date < parameters.q6_ship_date_before
    and items.discount between parameters.q6_discount_from and parameters.q6_discount_to
    and items.quantity < parameters.q6_quantity_below
