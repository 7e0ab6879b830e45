with nations as (

    select * from {{ ref('stg_tpch__nation') }}

),

regions as (

    select * from {{ ref('stg_tpch__region') }}

)

select
    nations.nation_key,
    nations.nation_name,
    nations.region_key,
    regions.region_name

from nations
inner join regions
    on nations.region_key = regions.region_key
