{{
    config(
        materialized='incremental',
        incremental_strategy='merge',
        unique_key=['order_key', 'line_number'],
        on_schema_change='fail',
    )
}}

with landed as (

    select
        *,
        row_number() over (
            partition by order_key, line_number
            order by loaded_at desc, landed_day desc
        ) as recency

    from {{ ref('stg_landing__order_items') }}

    {% if is_incremental() %}
    where loaded_at >= (
        select max(loaded_at) - interval '{{ var("late_window_days") | int }}' day
        from {{ this }}
    )
    {% endif %}

),

latest as (

    select * from landed
    where recency = 1

),

{% if not is_incremental() %}
-- TPC-H itself never changes, and any landed version is newer than it.
base as (

    select
        *,
        {{ tpch_loaded_at() }} as loaded_at

    from {{ ref('stg_tpch__lineitem') }} as items
    where not exists (
        select 1 from latest
        where latest.order_key = items.order_key
            and latest.line_number = items.line_number
    )

),
{% endif %}

current_items as (

    {% for version in (['latest'] if is_incremental() else ['latest', 'base']) %}
    select
        order_key,
        line_number,
        part_key,
        supplier_key,
        quantity,
        extended_price,
        discount,
        tax,
        cast(extended_price * (1 - discount) as decimal(18, 4)) as discounted_price,
        cast(extended_price * (1 - discount) * (1 + tax) as decimal(18, 6)) as charge,
        return_flag,
        line_status,
        ship_date,
        commit_date,
        receipt_date,
        ship_instructions,
        ship_mode,
        loaded_at

    from {{ version }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from current_items
