"""A shell script as the task of a job, with all that a run of dbt needs at hand."""
