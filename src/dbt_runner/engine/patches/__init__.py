"""What dbt does, done for less: each patch replaces private parts of exact versions."""
