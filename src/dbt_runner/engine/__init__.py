"""dbt, driven through its own `dbtRunner`; the only room that imports it."""
