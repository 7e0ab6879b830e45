select
    supplier_key,
    nation_key,
    supplier_name,
    address,
    phone,
    account_balance,
    comment

from {{ ref('stg_tpch__supplier') }}
