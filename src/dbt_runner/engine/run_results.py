"""dbt's `run_results.json`: as a selection of exactly these nodes, and as one account of rounds.

dbt reads it back with `RunResultsArtifact`, whose results need all fields of `RunResultOutput`
(dbt-core 1.11, `dbt/artifacts/schemas/run/v5/run.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE_NAME = "run_results.json"
_VERSION = "https://schemas.getdbt.com/dbt/run-results/v6.json"


@dataclass(frozen=True)
class Done:
    """How a node ended in an earlier round, as far as it is known.

    Attributes:
        status: dbt's word.
        seconds: wall time.
    """

    unique_id: str
    status: str
    seconds: float = 0.0
    message: str | None = None
    rows: int | None = None


def select(folder: Path, unique_ids: Iterable[str]) -> Path:
    """Write results of which dbt's selector `result:error` selects exactly these nodes.

    Returns:
        The folder, made if it was missing: the state that the selector needs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    results = [_result(Done(unique_id, "error")) for unique_id in sorted(unique_ids)]
    _write(folder / FILE_NAME, {**_empty(), "results": results})
    return folder


def replace(file: Path, later: Path) -> None:
    """Put the results of a later round in the place of the earlier ones, in the earlier file."""
    if not later.is_file():
        return
    content, news = _read(file), {r["unique_id"]: r for r in _read(later)["results"]}
    content["results"] = [news.get(old["unique_id"], old) for old in content["results"]]
    _write(file, content)


def add(file: Path, done: Iterable[Done], earlier: Path) -> None:
    """Put what earlier rounds did before the results in a file, made if it is missing.

    Args:
        done: nodes that are not among the file's results.
        earlier: the last round's own results, if it came to write them, and whole; where they tell
            of the same end they tell more of it.
    """
    known = _known(earlier)
    content = _read(file) if file.is_file() else _empty()
    before = [known.get((one.unique_id, one.status)) or _result(one) for one in done]
    content["results"] = [*before, *content["results"]]
    _write(file, content)


def _known(file: Path) -> dict[tuple[str, str], Any]:
    try:
        return {
            (result["unique_id"], result["status"]): result for result in _read(file)["results"]
        }
    except (OSError, ValueError, LookupError, TypeError):
        return {}


def _empty() -> dict[str, Any]:
    metadata = {"dbt_schema_version": _VERSION}
    return {"metadata": metadata, "results": [], "elapsed_time": 0.0, "args": {}}


def _result(done: Done) -> dict[str, Any]:
    return {
        "status": done.status,
        "timing": [],
        "thread_id": "",
        "execution_time": done.seconds,
        "adapter_response": {} if done.rows is None else {"rows_affected": done.rows},
        "message": done.message,
        "failures": None,
        "unique_id": done.unique_id,
        "compiled": None,
        "compiled_code": None,
        "relation_name": None,
        "batch_results": None,
    }


def _read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _write(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content), encoding="utf-8")
