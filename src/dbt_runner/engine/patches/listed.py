"""The patches of a run, in the order in which they are put in."""

from __future__ import annotations

from dbt_runner.engine.patches import contexts, events
from dbt_runner.engine.patches.patch import Patch

PATCHES: tuple[Patch, ...] = (events.PATCH, contexts.PATCH)
