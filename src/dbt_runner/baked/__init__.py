"""The parse state that a wheel brings along: how it is made, what it hangs on, where it lies.

Nothing here imports dbt: the parses are done by `dbt_runner.engine.baking`, in other processes.
"""
