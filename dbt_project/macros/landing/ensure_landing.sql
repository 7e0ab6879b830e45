{#- Some commands render the hook without running any node; they must not write. -#}
{% macro ensure_landing() %}
    {% if execute and flags.WHICH not in ('compile', 'generate', 'show') %}
        {% for relation, delivered in deliveries(0) if load_relation(relation) is none %}
            {% do adapter.create_schema(
                api.Relation.create(database=relation.database, schema=relation.schema)
            ) %}
            {#- Made and filled by one statement, a table is never seen empty. -#}
            {% call statement('create_' ~ relation.identifier, auto_begin=true) %}
                create table if not exists {{ relation.render() }} as
                {{ delivered }}
            {% endcall %}
            {% do adapter.commit() %}
        {% endfor %}
    {% endif %}
{% endmacro %}
