"""One patch: what it replaces, and how it is put in and taken out again."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FunctionType, MethodDescriptorType
from typing import Any

ABSENT = object()
"""The original of an attribute that a patch adds."""


class NotProven(Exception):
    """What is installed is not what the patch was proven with; the message says what."""


@dataclass(frozen=True)
class Patch:
    """Replacements for attributes of modules and classes.

    Attributes:
        name: as the log tells it.
        sites: what it replaces, as `module:attribute` or `module:Class.attribute`.
        make: makes the replacements, by site; handed the originals as they stand in the module's
            or the class's own dictionary. Modules that it uses are imported by then.
        relies_on: further modules, whose text the proof hangs on.
        imports: modules that dbt imports only later, when it works on the first node.
    """

    name: str
    sites: tuple[str, ...]
    make: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    relies_on: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()

    def modules(self) -> tuple[str, ...]:
        """Every module whose text the proof hangs on."""
        return tuple(dict.fromkeys([*(site.split(":")[0] for site in self.sites), *self.relies_on]))

    def put_in(self) -> Callable[[], None]:
        """Replace what it replaces, all or nothing.

        Returns:
            What takes it out again.

        Raises:
            NotProven: something is not there, or is somebody else's replacement already.
        """
        originals = {site: _original(site) for site in self.sites}
        replacements = self.make(originals)
        if replacements.keys() != originals.keys():
            msg = f"replaces {sorted(replacements)}, but was to replace {sorted(originals)}"
            raise NotProven(msg)
        done: list[str] = []

        def take_out() -> None:
            for site in reversed(done):
                _set(site, originals[site])

        try:
            for site, replacement in replacements.items():
                _set(site, replacement)
                done.append(site)
        except BaseException:
            take_out()
            raise
        return take_out


def _holder(site: str) -> tuple[Any, str]:
    """The module or class that has the attribute, and the attribute's name."""
    module, _, path = site.partition(":")
    *classes, name = path.split(".")
    holder: Any = sys.modules.get(module)
    for each in classes:
        holder = getattr(holder, each, None)
    if holder is None:
        msg = f"{site}: is not imported"
        raise NotProven(msg)
    return holder, name


def _original(site: str) -> Any:
    holder, name = _holder(site)
    found = vars(holder).get(name, ABSENT)
    if not isinstance(found, FunctionType):
        if callable(found) and not isinstance(found, (type, MethodDescriptorType)):
            # an object that stands in for a function, as tools that trace or measure put there
            msg = f"{site}: is replaced by a {type(found).__name__} already"
            raise NotProven(msg)
        return found
    # a function that another tool has put there is none that the proof was about
    home = getattr(sys.modules.get(found.__module__), "__file__", None)
    if found.__code__.co_filename not in {home, contextlib.__file__}:
        msg = f"{site}: is replaced by {found.__code__.co_filename} already"
        raise NotProven(msg)
    return found


def _set(site: str, value: Any) -> None:
    holder, name = _holder(site)
    if value is ABSENT:
        delattr(holder, name)
    else:
        setattr(holder, name, value)
