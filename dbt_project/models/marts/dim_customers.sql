select
    customer_key,
    nation_key,
    customer_name,
    address,
    phone,
    account_balance,
    market_segment,
    comment

from {{ ref('stg_tpch__customer') }}
