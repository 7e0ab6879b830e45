"""The command `dbt-runner runs`: what attempts are stored, what one of them did, which may go."""
