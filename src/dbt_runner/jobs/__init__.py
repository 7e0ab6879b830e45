"""Databricks jobs as a bundle defines them: checked against rules, and drawn."""
