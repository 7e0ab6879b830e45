"""Dropping what earlier runs left in a run's own schemas and this one does not build.

With `--defer` dbt reads what a run does not build from production only where the run's own schema
has no relation of that name (`create_relation` in dbt/context/providers.py, dbt-core 1.11): one
that an earlier commit left there, and that this one no longer changes, would be read instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from dbt_runner.engine.engine import Engine
from dbt_runner.errors import SettingsError
from dbt_runner.execution import state
from dbt_runner.execution.assignment import Assignment
from dbt_runner.execution.results import Results
from dbt_runner.store.attempts import attempts


def own_schemas(engine: Engine) -> frozenset[tuple[str, str]]:
    """The (catalog, schema) that are a run's alone, and so may be pruned. After the parse.

    They are the target's schema and those of the project that are named after it,
    `<target_schema>_…`, in the same catalog: what a project names otherwise is shared with other
    runs.
    """
    catalog, schema = engine.place()
    written = {node.writes for node in engine.written() if node.writes}
    return frozenset(
        {(catalog, schema), *(place for place in written if _is_own(place, catalog, schema))}
    )


def prune(
    assignment: Assignment, engine: Engine, results: Results, notice: Callable[..., None]
) -> None:
    """Drop the relations of the project that a planned run does not build, in its own schemas.

    Of the relations there those go that a node of the project has, or that an earlier run in this
    place was to write. What somebody else made stays, and so does what the project reads as a
    source.

    Args:
        results: of the planned run; what it builds is left alone.
        notice: told of each relation that was dropped.

    Raises:
        PolicyError: a schema is protected or production's, or may not be written.
        SettingsError: a schema holds what the run compares with.
        DbtError: a relation cannot be dropped.
    """
    own = own_schemas(engine)
    policy, target = assignment.policy, assignment.connection.target
    policy.check_prune(target, own)
    policy.check_relations(target, own, own_catalog=engine.place()[0])
    compared = state.schemas(assignment.state) if assignment.state else frozenset()
    for place in sorted(own):
        if (place[0].lower(), place[1].lower()) in compared:
            msg = (
                f"prune: {'.'.join(place)} holds what the run compares with, so nothing is "
                "dropped; give another target_schema"
            )
            raise SettingsError(msg)
    built = {record.node.relation.lower() for record in results.records() if record.node.relation}
    left = {node.relation.lower() for node in engine.written() if node.relation}
    left.update(_written_before(assignment.place))
    engine.drop(
        sorted(own),
        frozenset(left - built - engine.sources()),
        lambda name: notice("relation.dropped", relation=name),
    )


def _is_own(place: tuple[str, str], catalog: str, schema: str) -> bool:
    name, base = place[1].lower(), schema.lower()
    return place[0].lower() == catalog.lower() and (name == base or name.startswith(f"{base}_"))


def _written_before(place: Path) -> Iterator[str]:
    """The relations, in lower case, that the runs in one place were to write."""
    for attempt in attempts(place):
        for command in (attempt.plan() or {}).get("commands", ()):
            for node in command.get("nodes") or ():
                if "relation" in node:
                    yield node["relation"].lower()
