select 1 as id, cast('2024-01-01' as date) as ordered_on, cast(10 as double) as amount
union all
select 2, cast('2024-01-02' as date), cast(20 as double)
