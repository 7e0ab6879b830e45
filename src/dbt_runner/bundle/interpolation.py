"""References such as `${var.catalog}`, filled in as far as the bundle's own files say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from dbt_runner.bundle.value import Value

_REFERENCE = re.compile(r"\$\{([A-Za-z_][\w.-]*)\}")
_VARIABLE = re.compile(r"\$\{var\.([\w-]+)\}")
_DEEPEST = 10


@dataclass(frozen=True)
class Scope:
    """What references may stand for in one target.

    Attributes:
        values: reference without its braces → value.
        lookups: variable → the kind of resource that it looks up, such as `job`.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    lookups: Mapping[str, str] = field(default_factory=dict)

    def looks_up(self, text: str, kind: str) -> bool:
        """Whether a text is just a variable that looks up a resource of this kind."""
        found = _VARIABLE.fullmatch(text.strip())
        return bool(found) and self.lookups.get(found[1] if found else "") == kind

    def fill(self, value: Value, depth: int = 0) -> Value:
        """A value with every known reference in it filled in; unknown ones stay as they are."""
        data = value.data
        if isinstance(data, str):
            return self._text(value, data, depth) if "${" in data else value
        if isinstance(data, dict):
            filled = {key: self.fill(item, depth) for key, item in data.items()}
            same = all(filled[key] is item for key, item in data.items())
            return value if same else Value(filled, value.place)
        if isinstance(data, list):
            items = [self.fill(item, depth) for item in data]
            same = all(new is old for new, old in zip(items, data, strict=True))
            return value if same else Value(items, value.place)
        return value

    def _text(self, value: Value, text: str, depth: int) -> Value:
        if depth > _DEEPEST:
            return value  # variables that refer to each other
        whole = _REFERENCE.fullmatch(text)
        if whole:
            found = self._find(whole[1])
            if found is None:
                return value
            return Value(self.fill(found, depth + 1).data, value.place, text)
        filled = _REFERENCE.sub(lambda match: self._part(match, depth), text)
        return value if filled == text else Value(filled, value.place, text)

    def _part(self, match: re.Match[str], depth: int) -> str:
        found = self._find(match[1])
        return match[0] if found is None else self.fill(found, depth + 1).text

    def _find(self, name: str) -> Value | None:
        if name in self.values:
            return self.values[name]
        parts = name.split(".")
        if parts[0] == "var" and len(parts) > 2 and ".".join(parts[:2]) in self.values:
            found = self.values[".".join(parts[:2])].at(*parts[2:])
            return None if found.data is None else found
        return None


def scope(config: Value, target: str, overrides: Value) -> Scope:
    """What references stand for.

    Args:
        config: the whole bundle.
        target: name of the bundle target.
        overrides: the target's `variables`, each a value or a mapping like the definition's.
    """
    place = config.place
    values = {
        "bundle.target": Value(target, place),
        "bundle.environment": Value(target, place),
    }
    if config.at("bundle", "name").text:
        values["bundle.name"] = config.at("bundle", "name")
    lookups: dict[str, str] = {}
    for name, definition in config.at("variables").entries():
        own = overrides.at(name)
        lookup, found = _definition(definition)
        if own.data is not None:
            lookup, found = _definition(own, is_value=definition.at("type").text == "complex")
        if lookup:
            lookups[name] = lookup
        elif found is not None:
            values[f"var.{name}"] = found
    return Scope(values, lookups)


def _definition(value: Value, *, is_value: bool = False) -> tuple[str, Value | None]:
    """The kind of resource that a variable looks up, and its value where the files say it."""
    if not isinstance(value.data, dict):
        return "", None if value.data is None else value
    for kind, _ in value.at("lookup").entries():
        return kind, None
    for key in ("value", "default"):
        if value.has(key):
            return "", value.at(key)
    return "", value if is_value else None
