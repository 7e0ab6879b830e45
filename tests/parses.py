"""dbt projects written and parsed in this process, watched or not."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import yaml
from dbt.adapters.factory import FACTORY
from dbt.cli.main import dbtRunner

from dbt_runner.engine.baking.watch import Names, Seen, watching

CATALOG, SCHEMA = "catalog_stand_in", "schema_stand_in"
PROJECT = "name: watched\nprofile: watched\n"


def parse(
    root: Path,
    files: dict[str, str] | None = None,
    *,
    watch: bool = False,
    variables: dict[str, Any] | None = None,
    declared: bool = False,
    schema: str = SCHEMA,
    catalog: str = CATALOG,
) -> tuple[Any, Seen | None]:
    """Parse a project for DuckDB, under stand-ins if no names are given.

    Args:
        root: the project; `profiles.yml` and the target path are put there too.
        files: written there before; `None` if the project is there.

    Returns:
        dbt's manifest, and what was seen if it was watched.
    """
    if files is not None:
        for name, text in {"dbt_project.yml": PROJECT, **files}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
    threads = "{{ env_var('WATCH_THREADS', 2) | int }}"
    output = {"type": "duckdb", "path": f"{root}/{catalog}.duckdb", "schema": schema}
    outputs = {"target": "local", "outputs": {"local": {**output, "threads": threads}}}
    profiles = dict.fromkeys(("watched", "shop", "tpch"), outputs)
    (root / "profiles.yml").write_text(yaml.safe_dump(profiles), encoding="utf-8")
    words = ["-q", "--no-partial-parse", "parse", "--no-write-json"]
    words += ["--project-dir", str(root), "--profiles-dir", str(root)]
    words += ["--target-path", str(root / "target"), "--log-path", str(root / "logs")]
    words += ["--vars", yaml.safe_dump(variables or {})]
    names = Names(catalog, schema, str(root), declared=declared)
    with watching(names) if watch else nullcontext() as seen:
        outcome = dbtRunner().invoke(words)  # type: ignore[arg-type]
    assert outcome.success, outcome.exception
    return outcome.result, seen.seen() if seen is not None else None


def config() -> Any:
    """dbt's configuration of the last parse."""
    return next(iter(FACTORY.adapters.values())).config  # type: ignore[attr-defined]
