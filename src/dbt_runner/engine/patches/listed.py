"""The patches of a run, in the order in which they are put in."""

from __future__ import annotations

from dbt_runner.engine.patches import (
    artifacts,
    contexts,
    events,
    graph,
    macros,
    methods,
    queue,
    relations,
    schemas,
    selection,
    tables,
    templates,
)
from dbt_runner.engine.patches.patch import Patch

PATCHES: tuple[Patch, ...] = (
    events.PATCH,
    contexts.PATCH,
    templates.PATCH,
    tables.PATCH,
    macros.PATCH,
    graph.PATCH,
    queue.PATCH,
    relations.PATCH,
    selection.PATCH,
    schemas.PATCH,
    artifacts.PATCH,
)

EARLY: tuple[Patch, ...] = (methods.PATCH,)
"""What is put in before dbt is imported, into what it builds on."""
