{% snapshot orders_history %}
{{ config(strategy='check', unique_key='id', check_cols=['since'], schema='history') }}
select * from {{ ref('orders') }}
{% endsnapshot %}
