select id from {{ source('raw', 'landing') }}
union all
select count(*) from {{ source('audit', 'runs') }}
