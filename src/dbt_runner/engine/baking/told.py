"""Mappings of dbt's whose values differ from run to run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dbt_runner.engine.baking.marks import Derived, Tell, derived


class Told(Derived, dict[str, Any]):
    """A mapping whose values are told when they are read, and may be exchanged then.

    Args:
        of: the mapping.
        why: what it is.
        told: takes a key and its value, gives the value to hand out.
        tell: takes offences, where a key may be there in one run and not in another.
    """

    certain = True  # as a whole

    def __init__(
        self,
        of: dict[str, Any],
        why: str,
        told: Callable[[str, Any], Any],
        tell: Tell | None = None,
    ) -> None:
        super().__init__(of)
        self.why = why
        self.tell = tell or (lambda _: None)
        self._told = told
        self._varies = tell is not None

    def __missing__(self, key: Any) -> Any:
        self._sought(key)
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        self._sought(key)
        return super().__contains__(key)

    def _sought(self, key: object) -> None:
        self.tell(f"looks whether {self.why} has {key!r}")

    def __iter__(self) -> Iterator[str]:
        self.tell(f"goes through {self.why}")
        return super().__iter__()

    def __len__(self) -> int:
        self.tell(f"counts {self.why}")
        return super().__len__()

    def __getitem__(self, key: str) -> Any:
        return self._told(key, super().__getitem__(key))

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, told; a text in its place differs from run to run like the value."""
        if super().__contains__(key):
            return self[key]
        if self._varies and isinstance(default, str):
            return derived(default, f"{self.why}.{key}", self.tell)
        self._sought(key)
        return default

    def copy(self) -> Told:
        """One that tells the same."""
        return Told(
            dict(super().items()), self.why, self._told, self.tell if self._varies else None
        )

    def pop(self, key: str, *default: Any) -> Any:
        """Take a key out, told."""
        if super().__contains__(key):
            value = self[key]
            super().pop(key)
            return value
        self._sought(key)
        return super().pop(key, *default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of a key, or what is put there, told."""
        if super().__contains__(key):
            return self[key]
        self._sought(key)
        return super().setdefault(key, default)

    def keys(self) -> Any:
        """All keys, told."""
        return list(self)

    def items(self) -> Any:
        """All pairs, told."""
        return [(key, self[key]) for key in self]

    def values(self) -> Any:
        """All values, told."""
        return [self[key] for key in self]
