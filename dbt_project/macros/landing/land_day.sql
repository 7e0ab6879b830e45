{% macro land_day(day=none) %}
    {% do ensure_landing() %}
    {% set day = (next_day() if day is none else day) | int %}

    {% for relation, delivered in deliveries(day) %}
        {% call statement('land_' ~ relation.identifier, auto_begin=true) %}
            insert into {{ relation.render() }}
            {{ delivered }}
        {% endcall %}
    {% endfor %}
    {#- dbt rolls back what an operation leaves open. An engine without transactions ignores it. -#}
    {% do adapter.commit() %}
    {% do log('landed day ' ~ day, info=true) %}
{% endmacro %}


{% macro next_day() %}
    {#- The lesser of the two, so that a day which reached one table only is landed again. -#}
    {% set query %}
        select least(
            (select max(landed_day) from {{ source('landing', 'orders').render() }}),
            (select max(landed_day) from {{ source('landing', 'order_items').render() }})
        ) + 1
    {% endset %}
    {% do return(run_query(query).columns[0].values()[0]) %}
{% endmacro %}


{% macro deliveries(day) %}
    {#- One delivery has one time in both tables: the start of the invocation, in UTC. -#}
    {% set started_at = run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f') ~ '+00:00' %}
    {% set loaded_at = "cast('" ~ started_at ~ "' as timestamp)" %}
    {% do return([
        (source('landing', 'orders'), delivered_orders(day, loaded_at)),
        (source('landing', 'order_items'), delivered_order_items(day, loaded_at)),
    ]) %}
{% endmacro %}
