{% macro note_schemas(schemas) %}
  {% for schema in schemas | sort %}
    insert into {{ target.schema }}_audit.runs values ('{{ schema }}');
  {% endfor %}
{% endmacro %}

{% macro audited() %}{{ var('lookback') }} as lookback, '{{ target.type }}' as made_by{% endmacro %}
