"""A value of a definition, with the place it stands at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

DEEPEST = 200
"""How deeply a definition may be nested; the same on every Python."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a file and a line, or a path within JSON and no line."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Value:
    """A scalar, a mapping of names to values, or a list of values.

    Attributes:
        data: None, bool, int, float, str, dict[str, Value] or list[Value].
        place: of the key in a mapping, or of the element in a list.
        written: the text as it was before references in it were filled in.
    """

    data: Any
    place: Place
    written: str | None = None

    def at(self, *keys: str) -> Value:
        """The value below; an empty one at the nearest place above where there is none."""
        value = self
        for key in keys:
            found = value.data.get(key) if isinstance(value.data, dict) else None
            value = found or Value(None, value.place)
        return value

    def has(self, key: str) -> bool:
        """Whether a mapping has the key with something in it."""
        return isinstance(self.data, dict) and key in self.data and self.data[key].data is not None

    def entries(self) -> Iterator[tuple[str, Value]]:
        """The entries of a mapping; nothing where it is none."""
        if isinstance(self.data, dict):
            yield from self.data.items()

    def elements(self) -> Iterator[Value]:
        """The elements of a list; nothing where it is none."""
        if isinstance(self.data, list):
            yield from self.data

    @property
    def text(self) -> str:
        """A string or number as text; empty for anything else."""
        if isinstance(self.data, bool):
            return "true" if self.data else "false"
        return str(self.data) if isinstance(self.data, str | int | float) else ""

    @property
    def source(self) -> str:
        """The text as it stands in the file."""
        return self.text if self.written is None else self.written

    @property
    def unresolved(self) -> bool:
        """Whether it is, or a list holds, a reference that the bundle's files do not answer."""
        return "${" in self.text or any("${" in item.text for item in self.elements())

    def plain(self) -> Any:
        """The same without places."""
        if isinstance(self.data, dict):
            return {key: value.plain() for key, value in self.data.items()}
        if isinstance(self.data, list):
            return [value.plain() for value in self.data]
        return self.data


def from_plain(data: object, path: str, *, file: str | None = None) -> Value:
    """Values of parsed JSON.

    Args:
        path: where `data` stands, such as `resources.jobs`; the place of what is in it follows.
        file: the place of everything, where a file is known but no line.
    """
    found: Any = data
    if isinstance(data, Mapping):
        found = {
            str(key): from_plain(item, f"{path}.{key}" if path else str(key), file=file)
            for key, item in data.items()
        }
    elif isinstance(data, list):
        found = [from_plain(item, f"{path}[{i}]", file=file) for i, item in enumerate(data)]
    return Value(found, Place(path if file is None else file))


def is_too_deep(data: object) -> bool:
    """Whether parsed JSON is nested more deeply than is read."""
    level: list[Any] = [data] if isinstance(data, dict | list) else []
    for _ in range(DEEPEST):
        within = (value.values() if isinstance(value, dict) else value for value in level)
        level = [item for values in within for item in values if isinstance(item, dict | list)]
        if not level:
            return False
    return True
