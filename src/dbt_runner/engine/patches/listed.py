"""The patches of a run, in the order in which they are put in."""

from __future__ import annotations

from dbt_runner.engine.patches import contexts, events, tables, templates
from dbt_runner.engine.patches.patch import Patch

PATCHES: tuple[Patch, ...] = (
    events.PATCH,
    contexts.PATCH,
    templates.PATCH,
    tables.PATCH,
)
