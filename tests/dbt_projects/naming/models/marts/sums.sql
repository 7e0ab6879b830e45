{{ config(
  pre_hook="insert into {{ target.schema }}_audit.runs values ('before {{ this.identifier }}')",
  tags=['nightly']
) }}
select count(*) as n, sum(o.id) as total
from {{ ref('orders') }} as o
left join {{ ref('codes') }} as c on o.id = c.id
left join {{ ref('landed') }} as l on o.id = l.id
