"""Looks through dbt's manifest objects: their parts, their texts, and where two differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from enum import Enum
from typing import Any


def difference(one: Any, other: Any) -> tuple[str, str] | None:
    """The first difference of two manifests.

    Returns:
        Where (`model.shop.orders`, or a part of the manifest), and what, in one line.
    """
    return next(_differences(_told_once(one), _told_once(other), ()), None)


def texts(manifest: Any) -> Iterator[tuple[str, str]]:
    """Every text of a manifest, keys included: where, text."""
    for path, text in _texts(_told_once(manifest), ()):
        yield _where(path), text


def parts(manifest: Any) -> dict[str, Any]:
    """What a manifest is made of, without what dbt derives from it."""
    names = (field.name for field in fields(manifest) if not field.name.startswith("_"))
    return {name: getattr(manifest, name) for name in names if name != "metadata"}


def _differences(one: Any, other: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(one, str) and isinstance(other, str):
        if str(one) != str(other):
            yield _told(path, one, other)
    elif type(one) is not type(other):
        yield _told(path, one, other)
    elif isinstance(one, dict):
        yield from _of_mappings(one, other, path)
    elif isinstance(one, list | tuple):
        if len(one) != len(other):
            yield _told(path, one, other)
        for number, (first, second) in enumerate(zip(one, other, strict=False)):
            yield from _differences(first, second, (*path, str(number)))
    elif _is_plain(one):
        if one != other:
            yield _told(path, one, other)
    else:
        yield from _of_mappings(vars(one), vars(other), path)


def _of_mappings(
    one: dict[Any, Any], other: dict[Any, Any], path: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    if list(one) != list(other):
        # the order tells too: dbt goes by it where it looks for what to take first
        odd = next((key for key in [*one, *other] if (key in one) != (key in other)), "")
        yield _where((*path, str(odd))), f"{'.'.join(path[2:]) or 'it'} has other entries"
    for key, item in one.items():
        if key in other:
            yield from _differences(item, other[key], (*path, str(key)))


def _texts(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str) and not isinstance(value, Enum):
        yield path, str(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(key, (*path, str(key)))
            yield from _texts(item, (*path, str(key)))
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _texts(item, path)
    elif not _is_plain(value):
        yield from _texts(vars(value), path)


def _told_once(manifest: Any) -> dict[str, Any]:
    """The parts without the flat graph, which is made of the others."""
    return {name: part for name, part in parts(manifest).items() if name != "flat_graph"}


def _is_plain(value: Any) -> bool:
    """Whether a value is compared as a whole: it is no text, no mapping and no list."""
    return isinstance(value, Enum | set | frozenset) or not hasattr(value, "__dict__")


def _told(path: tuple[str, ...], one: Any, other: Any) -> tuple[str, str]:
    values = " and ".join(_short(value) for value in (one, other))
    return _where(path), f"{'.'.join(path[2:]) or 'it'} is once {values}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _where(path: Sequence[str]) -> str:
    return path[1] if len(path) > 1 else "".join(path[:1]) or "the project"
