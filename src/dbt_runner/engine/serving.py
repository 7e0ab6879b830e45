"""A baked parse state as bytes, and back as dbt's manifest under the names of a run.

The bytes are compressed and hold two pickles. The first is a list of templates: each is a tuple of
pieces, a piece is text or the number of a name (0 catalog, 1 schema, 2 folder of the project). The
second is the manifest, in which each text that holds such a name stands as the number of its
template. So a run's name is put in once and is never searched for anything again.
"""

from __future__ import annotations

import gc
import io
import json
import os
import pickle
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from dbt_runner.engine import guard

_ALLOWED = (
    "dbt.artifacts.resources.",
    "dbt.contracts.",
    "dbt.node_types",
    "dbt_common.contracts.",
    "dbt_semantic_interfaces.",
)
"""Modules whose classes a manifest is made of; nothing else is imported for it."""
_ALLOWED_ALONE = frozenset(
    {
        ("builtins", "set"),
        ("builtins", "frozenset"),
        ("collections", "OrderedDict"),
        ("datetime", "date"),
        ("datetime", "datetime"),
        ("datetime", "time"),
        ("datetime", "timedelta"),
        ("datetime", "timezone"),
        ("decimal", "Decimal"),
        ("pathlib", "PosixPath"),
        ("uuid", "UUID"),
    }
)
TIMED = (
    "nodes",
    "sources",
    "macros",
    "docs",
    "exposures",
    "functions",
    "metrics",
    "groups",
    "semantic_models",
    "unit_tests",
    "saved_queries",
)
"""Parts of a manifest, by unique_id, whose entries may tell when they were parsed."""


class UnreadableState(Exception):
    """The bytes are no state that this version reads."""


@dataclass(frozen=True)
class Place:
    """The names that a state is made for, or served with.

    Attributes:
        root: absolute path of the project.
    """

    catalog: str
    schema: str
    root: str


@dataclass(frozen=True)
class Serving:
    """A state, and what has to hold for it to be served.

    Attributes:
        place: this run's names.
        environment: variables that the parse read.
        flags: values of dbt's flags that the parse read.
        files: digests of the project's files as a run's fingerprint has them.
        marks: of the names that it was made with.
    """

    data: bytes
    place: Place
    environment: tuple[str, ...] = ()
    flags: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    marks: tuple[str, ...] = ()


def load(data: bytes, place: Place) -> Any:
    """Make dbt's manifest of a state.

    Raises:
        UnreadableState: the bytes are no state of this format.
    """
    values = (place.catalog, place.schema, place.root)
    with collector_off():
        try:
            stream = io.BytesIO(zlib.decompress(data))
            templates = _Unpickler(stream).load()
            texts = ["".join(p if type(p) is str else values[p] for p in t) for t in templates]
            manifest = _Unpickler(stream, texts).load()
        except (zlib.error, pickle.UnpicklingError, EOFError, LookupError, TypeError) as error:
            msg = f"it cannot be read: {error}"
            raise UnreadableState(msg) from error
        except (ImportError, AttributeError, ValueError) as error:
            msg = f"it does not fit what is installed: {error}"
            raise UnreadableState(msg) from error
    return manifest


def refusal(state: Serving, config: Any) -> str | None:
    """What dbt says of this run that the state was not made for; `None` if all is as expected.

    Args:
        config: dbt's runtime configuration.
    """
    from dbt import plugins

    credentials = config.credentials
    found = Place(str(credentials.database), str(credentials.schema), str(config.project_root))
    if found != state.place:
        return f"dbt takes {found} for {state.place}"
    flags = import_module("dbt.flags").get_flags()
    for name, before in state.flags.items():
        if as_json(getattr(flags, name.upper(), None)) != before:
            return f"dbt's flag {name} has another value, and the parse reads it"
    if plugins.get_plugin_manager(config.project_name).get_nodes().models:
        return "a plug-in of dbt adds models"
    return None


def adopt(state: Serving, manifest: Any, config: Any) -> str | None:
    """Give a manifest what belongs to this run alone.

    Returns:
        Why it must not be used, if so.
    """
    from dbt.constants import DEFAULT_ENV_PLACEHOLDER

    now = time.time()
    manifest.metadata = config.get_metadata()
    for part in TIMED:
        for entry in getattr(manifest, part).values():
            if hasattr(entry, "created_at"):
                entry.created_at = now
    for entries in manifest.disabled.values():
        for entry in entries:
            entry.created_at = now
    for part in manifest.flat_graph.values():
        for entry in part.values():
            if "created_at" in entry:
                entry["created_at"] = now
    manifest.env_vars = {
        name: os.environ.get(name, DEFAULT_ENV_PLACEHOLDER) for name in state.environment
    }
    # dispatch goes through the packages' names, which a parse would have looked up
    config.load_dependencies()
    return guard.left_over(manifest, config, state.marks) or guard.wrong_relation(manifest, config)


def as_json(value: Any) -> Any:
    """A flag's value as a key holds it."""
    return json.loads(json.dumps(value, default=str))


@contextmanager
def collector_off() -> Iterator[None]:
    """Leave the garbage collector off: it would go through a manifest again and again."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, texts: Sequence[str] = ()) -> None:
        super().__init__(stream)
        self._texts = texts

    def persistent_load(self, pid: Any) -> Any:
        return self._texts[pid]

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ALLOWED_ALONE or module.startswith(_ALLOWED):
            return super().find_class(module, name)
        msg = f"{module}.{name} is no part of a manifest"
        raise pickle.UnpicklingError(msg)
