with source as (

    select * from {{ source('tpch', 'customer') }}

),

renamed as (

    select
        c_custkey as customer_key,
        c_nationkey as nation_key,
        c_name as customer_name,
        c_address as address,
        c_phone as phone,
        cast(c_acctbal as decimal(18, 2)) as account_balance,
        c_mktsegment as market_segment,
        c_comment as comment

    from source

)

select * from renamed
