"""Databricks Jobs: what a run tells its job, and what a job is made of."""
