"""A workspace's Jobs API 2.2 on loopback, as far as our jobs and their triggers need one.

It is our own reading of public documentation and of the SDK's own descriptions, made because no
test server of others has parameters that are pushed down, references, control flow or repairs. It
is **no evidence about Databricks**: what passes here was understood, not observed. Each rule names
the page of the documentation (docs.databricks.com) that it was read from; where pages are silent,
a reading was taken, and is said to be one; `switches` tells which are better for us than others.
"""
