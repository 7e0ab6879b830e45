"""What a parse reads and decides on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Names:
    """The sentinels of a parse."""

    catalog: str
    schema: str
    root: str


@dataclass(frozen=True)
class Offence:
    """Something that makes a parse not parametric.

    Attributes:
        where: unique_id of the node, or the file or macro, as near as is known.
        what: in one line, such as: compares target.schema with 'prod'.
    """

    where: str
    what: str


@dataclass(frozen=True)
class Seen:
    """What a parse read.

    Attributes:
        variables: names that `var()` was asked for.
        environment: names that `env_var()` was asked for.
        flags: names of dbt's flags that Jinja read.
    """

    variables: frozenset[str]
    environment: frozenset[str]
    flags: frozenset[str]
    offences: tuple[Offence, ...]


class Watch:
    """A parse that is being watched."""

    def seen(self) -> Seen:
        """What was seen up to now."""
        return Seen(frozenset(), frozenset(), frozenset(), ())


@contextmanager
def watching(names: Names) -> Iterator[Watch]:
    """Watch a parse of this process."""
    del names
    yield Watch()
