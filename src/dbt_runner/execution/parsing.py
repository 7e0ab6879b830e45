"""How a run gets its parse: the state in the installed package, else dbt's own parse."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from dbt_runner.baked import shipped
from dbt_runner.baked.key import Setting
from dbt_runner.baked.names import FIRST
from dbt_runner.baked.shipped import NoState
from dbt_runner.engine.engine import BEHAVIOUR, Engine
from dbt_runner.engine.events import Warned
from dbt_runner.engine.serving import Place, Serving
from dbt_runner.execution.assignment import Assignment
from dbt_runner.store.parse_cache import ParseCache


def serve(assignment: Assignment, engine: Engine, folder: Path) -> tuple[Warned, ...]:
    """Have the engine take the baked state instead of parsing.

    Args:
        folder: the target path.

    Returns:
        What dbt warned of when the state was made: it would warn again now.

    Raises:
        NoState: it was not taken, and why; without a reason where nothing was baked at all.
    """
    connection = assignment.connection
    found = shipped.find(connection.target)
    if found is None:
        raise NoState
    catalog, schema = connection.catalog, connection.target_schema
    setting = Setting(
        folder=assignment.project.folder,
        profile=connection.profile,
        target=connection.target,
        output=connection.output if connection.profiles_dir is None else None,
        catalog=catalog,
        schema=schema,
        variables=assignment.settings.vars,
        behaviour=BEHAVIOUR,
        strict=assignment.settings.warnings == "error",
    )
    why = found.key.differs(setting, os.environ, datetime.now(UTC))
    if why or catalog is None or schema is None:
        raise NoState(why)
    place = Place(catalog, schema, str(assignment.project.folder))
    key = found.key
    state = Serving(
        found.read(),
        place,
        environment=tuple(key.environment),
        flags=key.flags,
        files=key.parsed,
        asked=key.asked,
        marks=FIRST.marks,
    )
    why = engine.parse_baked(state, folder)
    if why:
        raise NoState(why)
    return tuple(Warned(name, _message(pieces, place)) for name, pieces in key.warnings)


def parse(assignment: Assignment, engine: Engine, folder: Path) -> str | None:
    """Have dbt parse, building on what this machine keeps of an earlier parse; keep it after that.

    Args:
        folder: the target path.

    Returns:
        Why it was not kept, if so.

    Raises:
        DbtError: the project does not parse.
    """
    connection, settings = assignment.connection, assignment.settings
    cache = ParseCache(
        BEHAVIOUR,
        assignment.project.folder,
        connection.target,
        connection.catalog,
        connection.target_schema,
        sorted(settings.vars.items(), key=lambda item: item[0]),
    )
    if settings.warnings == "ok":
        # dbt does not warn again about files that it need not parse again
        cache.restore(folder)
    engine.parse(folder)
    return cache.keep(folder)


def _message(pieces: tuple[str | int, ...], place: Place) -> str:
    names = (place.catalog, place.schema, place.root)
    return "".join(piece if isinstance(piece, str) else names[piece] for piece in pieces)
