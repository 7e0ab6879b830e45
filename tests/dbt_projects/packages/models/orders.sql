select {{ lib.rounded('1.234') }} as amount, * from {{ ref('lib', 'calendar') }}
