"""Runs dbt-runner in a process of its own, and notes every statement that reaches DuckDB.

Told by the node that dbt's events name, and below dbt's adapters, so that no patch of dbt stands in
between. `statements.py` notes for runs that are forked, by connection, with Python models too.

Arguments: the file for the statements, one JSON object per line, then dbt-runner's own.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.environments.local import DuckDBCursorWrapper
from dbt_common.events.contextvars import get_node_info

from dbt_runner.cli import main


def trace(file: Path) -> None:
    """Note statements from now on, each with the node that sends it."""
    execute = DuckDBCursorWrapper.execute

    def noting(self: Any, sql: str, bindings: Any = None) -> Any:
        line = {"node": get_node_info().get("unique_id"), "sql": sql, "bindings": repr(bindings)}
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(line) + "\n")
        return execute(self, sql, bindings)

    DuckDBCursorWrapper.execute = noting


if __name__ == "__main__":
    trace(Path(sys.argv.pop(1)))
    sys.exit(main())
