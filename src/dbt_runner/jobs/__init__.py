"""Databricks Jobs at run time: what a run tells its job."""
