select cast('{{ var("first_day") }}' as date) as day, m.id from {{ ref('months') }} as m
