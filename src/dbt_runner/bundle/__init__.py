"""Databricks bundles: their jobs held to rules, and drawn."""
