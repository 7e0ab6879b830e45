{{
    config(
        materialized='incremental',
        incremental_strategy='merge',
        unique_key='order_key',
        on_schema_change='fail',
    )
}}

with landed as (

    select
        *,
        row_number() over (
            partition by order_key
            order by loaded_at desc, landed_day desc
        ) as recency

    from {{ ref('stg_landing__orders') }}

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

    from {{ ref('stg_tpch__orders') }} as orders
    where not exists (
        select 1 from latest
        where latest.order_key = orders.order_key
    )

),
{% endif %}

current_orders as (

    {% for version in (['latest'] if is_incremental() else ['latest', 'base']) %}
    select
        order_key,
        customer_key,
        order_status,
        total_price,
        order_date,
        order_priority,
        clerk,
        ship_priority,
        loaded_at

    from {{ version }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from current_orders
