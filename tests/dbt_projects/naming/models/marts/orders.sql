{{ config(materialized='incremental', unique_key='id', alias='orders_fact') }}
select id, '{{ var("start_date") }}' as since from {{ ref('places') }}
{% if is_incremental() %}where id >= (select max(id) from {{ this }}){% endif %}
