select * from {{ ref('orders') }} where {{ var('limit') }} > 0
