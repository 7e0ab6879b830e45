select a.id from {{ ref('customers', v=1) }} as a, {{ ref('customers') }} as b
