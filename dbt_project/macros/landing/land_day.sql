{% macro land_day(day=none) %}
    {% do ensure_landing() %}
    {% set day = (next_day() if day is none else day) | int %}

    {% for relation, delivered in deliveries(day) %}
        {% call statement('land_' ~ relation.identifier, auto_begin=true) %}
            insert into {{ relation }}
            {{ delivered }}
        {% endcall %}
    {% endfor %}
    {#- dbt rolls back what an operation leaves open; where there are no transactions, it does nothing. -#}
    {% do adapter.commit() %}
    {% do log('landed day ' ~ day, info=true) %}
{% endmacro %}


{% macro next_day() %}
    {#- The lesser of the two, so that a day of which only one table arrived is landed again. -#}
    {% set query %}
        select least(
            (select max(landed_day) from {{ source('landing', 'orders') }}),
            (select max(landed_day) from {{ source('landing', 'order_items') }})
        ) + 1
    {% endset %}
    {% do return(run_query(query).columns[0].values()[0]) %}
{% endmacro %}


{% macro deliveries(day) %}
    {#- One delivery has one time in both tables: the start of the invocation, in UTC. -#}
    {% set loaded_at = "cast('" ~ run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f') ~ "+00:00' as timestamp)" %}
    {% do return([
        (source('landing', 'orders'), delivered_orders(day, loaded_at)),
        (source('landing', 'order_items'), delivered_order_items(day, loaded_at)),
    ]) %}
{% endmacro %}
