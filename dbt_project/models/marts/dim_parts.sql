with parts as (

    select * from {{ ref('stg_tpch__part') }}

),

offers as (

    select
        part_key,
        count(*) as supplier_count,
        min(supply_cost) as lowest_supply_cost,
        cast(sum(available_quantity) as bigint) as available_quantity

    from {{ ref('stg_tpch__partsupp') }}
    group by part_key

)

select
    parts.part_key,
    parts.part_name,
    parts.manufacturer,
    parts.brand,
    parts.part_type,
    parts.size,
    parts.container,
    parts.retail_price,
    offers.supplier_count,
    offers.lowest_supply_cost,
    offers.available_quantity

from parts
left join offers
    on parts.part_key = offers.part_key
