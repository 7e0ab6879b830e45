with source as (

    select * from {{ source('tpch', 'supplier') }}

),

renamed as (

    select
        s_suppkey as supplier_key,
        s_nationkey as nation_key,
        s_name as supplier_name,
        s_address as address,
        s_phone as phone,
        cast(s_acctbal as decimal(18, 2)) as account_balance,
        s_comment as comment

    from source

)

select * from renamed
