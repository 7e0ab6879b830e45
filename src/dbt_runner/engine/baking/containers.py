"""Mappings and lists of templates of which more has to be known than what they hold."""

from __future__ import annotations

from typing import Any

from dbt_runner.engine.baking.marks import Tell
from dbt_runner.engine.baking.origins import Origins


class Keyed:
    """Mappings with a name, or something derived, among their keys.

    One such key alone decides nothing. Of several, two may be the same in another run; and whether
    another key is there hangs on it.
    """

    def __init__(self, origins: Origins, tell: Tell) -> None:
        self._origins = origins
        self._tell = tell
        self._noted: dict[int, tuple[Any, str]] = {}

    def note(self, mapping: dict[Any, Any]) -> None:
        """Look at the keys of a mapping that was made or filled."""
        why = self._origins.of(list(dict.keys(mapping)))
        if why and len(mapping) > 1:
            self._tell(f"takes {why} for one key of several")
        elif why:
            # held, so that no other mapping gets its id
            self._noted[id(mapping)] = (mapping, why)

    def sought(self, mapping: Any) -> None:
        """An entry is looked for."""
        noted = self._noted.get(id(mapping))
        if noted:
            self._tell(f"looks into a mapping whose key is {noted[1]}")


class Configured:
    """Lists and mappings that a config was set to: what they get afterwards is kept too."""

    def __init__(self, origins: Origins, tell: Tell) -> None:
        self._origins = origins
        self._tell = tell
        self._noted: dict[int, Any] = {}

    def note(self, value: Any) -> None:
        """A config was set to this, or to what holds this."""
        if isinstance(value, list | dict | tuple) and id(value) not in self._noted:
            self._noted[id(value)] = value
            for part in dict.values(value) if isinstance(value, dict) else value:
                self.note(part)

    def changed(self, container: Any, values: Any) -> None:
        """A container gets these values."""
        if id(container) not in self._noted:
            return
        why = self._origins.derived(values)
        if why:
            self._tell(f"sets a config from {why}")
        self.note(values)
