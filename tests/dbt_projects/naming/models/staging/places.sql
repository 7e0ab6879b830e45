select
  1 as id,
  '{{ target.schema }}' as schema_name,
  '{{ target.name }}' as target_name,
  '{{ target.database }}' as catalog_name,
  '{{ target.profile_name }}' as profile_name,
  {{ target.threads }} as threads,
  '{{ this }}' as own_name,
  '{{ this.schema }}' as own_schema,
  '{{ env_var("SHOP_REGION", "eu") }}' as region,
  {{ audited() }}
{% if target.schema.startswith('never') %}where id < 100{% endif %}
{% for day in range(target.schema | length) %}-- {{ day }}
{% endfor %}
