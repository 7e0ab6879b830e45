"""What makes a parse state with dbt: one watched parse in a process of its own, and its bytes.

`dbt_runner.baked` asks for it, and holds all that needs no dbt. What a run needs stands in
`engine/serving.py`, which reads the bytes, and `engine/guard.py`.
"""
