{% macro ensure_landing() %}
    {#- dbt also renders the hook while it parses, when there is nothing to ask. -#}
    {% if execute %}
        {% for relation, delivered in deliveries(0) if load_relation(relation) is none %}
            {% do adapter.create_schema(relation.without_identifier()) %}
            {#- Made and filled by one statement, a table is never seen empty. -#}
            {% call statement('create_' ~ relation.identifier, auto_begin=true) %}
                create table if not exists {{ relation }} as
                {{ delivered }}
            {% endcall %}
            {% do adapter.commit() %}
        {% endfor %}
    {% endif %}
{% endmacro %}
