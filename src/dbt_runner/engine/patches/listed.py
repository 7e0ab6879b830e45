"""Every patch there is."""

from __future__ import annotations

from dbt_runner.engine.patches import contexts, events, macros, methods, tables, templates
from dbt_runner.engine.patches.patch import Patch

PATCHES: tuple[Patch, ...] = (
    events.PATCH,
    contexts.PATCH,
    macros.PATCH,
    templates.PATCH,
    tables.PATCH,
)

EARLY: tuple[Patch, ...] = (methods.PATCH,)
"""What is put in before dbt is imported, into what it builds on."""
