"""Notes the statements of a run: what reaches DuckDB, and for which node.

`install` is called in the process of a run, before dbt-runner is: by `warm.py`, or by `traced.py`
for a run in a fresh interpreter. It stands below dbt's adapters, so that neither a patch of dbt nor
a parse state stands in between. `noted` and `read` read what was noted.
"""

from __future__ import annotations

import json
import re
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_lock = threading.Lock()

Noted = tuple[str, str, Any]
"""A node's unique_id, empty for what belongs to none; a statement; its bindings."""


def install(file: Path) -> None:
    """Note every statement of this process in a file, a JSON line each."""
    from dbt.adapters.duckdb.environments.local import DuckDBCursorWrapper
    from dbt.adapters.duckdb.impl import DuckDBAdapter
    from dbt_common.events.contextvars import get_node_info

    execute, submit = DuckDBCursorWrapper.execute, DuckDBAdapter.submit_python_job

    def note(statement: str, bindings: object) -> None:
        node = get_node_info().get("unique_id") or ""
        line = json.dumps([node, statement, bindings], default=str)
        with _lock, file.open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")

    def noting(self: Any, sql: str, bindings: Any = None) -> Any:
        note(sql, bindings)
        return execute(self, sql, bindings)

    def submitting(self: Any, parsed_model: Any, compiled_code: str) -> Any:
        note(compiled_code, None)
        return submit(self, parsed_model, compiled_code)

    DuckDBCursorWrapper.execute = noting
    DuckDBAdapter.submit_python_job = submitting  # type: ignore[method-assign]


def noted(text: str) -> Iterator[Noted]:
    """What was noted, oldest first."""
    for line in text.splitlines():
        node, statement, bindings = json.loads(line)
        yield node, statement, bindings


def read(file: Path, names: Mapping[str, str]) -> dict[str, list[Any]]:
    """What was noted of each node, in order; what belongs to none, from several threads, sorted.

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
    for node, statement, bindings in noted(text):
        found[node].append([statement, bindings])
    found[""].sort(key=str)
    return dict(found)
