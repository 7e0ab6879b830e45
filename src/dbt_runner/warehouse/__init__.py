"""Where the SQL runs: a connection, described to dbt by a generated profile."""
