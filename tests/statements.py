"""Notes the statements of a run: what dbt's adapter hands to the database, and for which node.

`warm.py` calls `install` in the process of a run, before dbt-runner is; it stands between an
adapter and its database's cursor, so it sees the statements as they leave. `read` reads what was
noted.
"""

from __future__ import annotations

import json
import re
import threading
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_lock = threading.Lock()


def install(file: Path) -> None:
    """Note every statement of this process in a file, a JSON line each."""
    from dbt.adapters.duckdb.impl import DuckDBAdapter
    from dbt.adapters.sql import SQLConnectionManager

    add_query, submit = SQLConnectionManager.add_query, DuckDBAdapter.submit_python_job

    def note(name: str, statement: str, bindings: object) -> None:
        line = json.dumps([name, statement, bindings], default=str)
        with _lock, file.open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")

    def noting(self: Any, sql: str, *arguments: Any, **named: Any) -> Any:
        bindings = named.get("bindings", arguments[1] if len(arguments) > 1 else None)
        note(self.get_thread_connection().name, sql, bindings)
        return add_query(self, sql, *arguments, **named)

    def submitting(self: Any, parsed_model: Any, compiled_code: str) -> Any:
        note(self.connections.get_thread_connection().name, compiled_code, None)
        return submit(self, parsed_model, compiled_code)

    SQLConnectionManager.add_query = noting  # type: ignore[method-assign]
    DuckDBAdapter.submit_python_job = submitting  # type: ignore[method-assign]


def read(file: Path, names: Mapping[str, str]) -> dict[str, list[Any]]:
    """What was noted: for each connection, which is named for its node, its statements in order.

    Args:
        names: what differs between two runs by right, such as temporary folders -> what to put
            in its place.
    """
    found: defaultdict[str, list[Any]] = defaultdict(list)
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    for old, new in names.items():
        text = text.replace(old, new)
    # the time of day, in the names of tables that live as long as a statement, and where a macro
    # writes down when the run began
    text = re.sub(r"__dbt_tmp\d+", "__dbt_tmp", text)
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*", "TIME", text)
    for line in text.splitlines():
        name, statement, bindings = json.loads(line)
        found[name].append([statement, bindings])
    return dict(found)
