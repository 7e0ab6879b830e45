"""A baked parse state as bytes, and back as dbt's manifest under the names of a run.

The bytes are compressed and hold three pickles. The first is a list of templates: each is a tuple
of pieces, a piece is text or the number of a name (0 catalog, 1 schema, 2 folder of the project).
The second is the manifest, in which each text that holds such a name stands as the number of its
template. So a run's name is put in once and is never searched for anything again. The third,
compressed by itself, is the manifest's flat graph, which is made when a template asks for `graph`.
"""

from __future__ import annotations

import gc
import io
import json
import os
import pickle
import re
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
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


ASKED: Mapping[str, Callable[[str, str], bool]] = {
    "in": lambda text, path: text in path,
    "search": lambda text, path: re.search(text, path) is not None,
}
"""What a parse may ask of the HTTP path, by which packages tell clusters from warehouses."""


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
        asked: what the parse asked of the warehouse's HTTP path: how, text, answer.
        marks: of the names that it was made with.
    """

    data: bytes
    place: Place
    environment: tuple[str, ...] = ()
    flags: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    asked: Sequence[tuple[str, str, bool]] = ()
    marks: tuple[str, ...] = ()


def load(data: bytes, place: Place) -> Any:
    """Make dbt's manifest of a state.

    Raises:
        UnreadableState: the bytes are no state of this format.
    """
    values = (place.catalog, place.schema, place.root)
    with collector_off():
        try:
            body, graph = _parts(data)
            stream = io.BytesIO(body)
            templates = _Unpickler(stream).load()
            texts = ["".join(p if type(p) is str else values[p] for p in t) for t in templates]
            manifest = _Unpickler(stream, texts).load()
        except (zlib.error, pickle.UnpicklingError, EOFError, LookupError, TypeError) as error:
            msg = f"it cannot be read: {error}"
            raise UnreadableState(msg) from error
        except (ImportError, AttributeError, ValueError) as error:
            msg = f"it does not fit what is installed: {error}"
            raise UnreadableState(msg) from error
    if hasattr(manifest, "flat_graph"):
        _make_later(manifest, lambda: _Unpickler(io.BytesIO(graph), texts).load())
    return manifest


def _parts(data: bytes) -> tuple[bytes, bytes]:
    """The templates with the manifest, and the flat graph."""
    stream = zlib.decompressobj()
    body = stream.decompress(data)
    if not stream.eof:
        msg = "it ends too early"
        raise EOFError(msg)
    return body, zlib.decompress(stream.unused_data)


def _make_later(manifest: Any, load: Callable[[], dict[str, dict[str, Any]]]) -> None:
    """Have a manifest's flat graph made when it is asked for; until then it is a pickle."""
    kind, lock = type(manifest), threading.Lock()
    del vars(manifest)["flat_graph"]

    def get(self: Any) -> dict[str, Any]:
        fields = vars(self)
        with lock:
            if "flat_graph" not in fields:
                with collector_off():
                    made = load()
                for name, part in made.items():
                    entries = fields[name]
                    for unique_id, entry in part.items():
                        if "created_at" in entry:
                            entry["created_at"] = entries[unique_id].created_at
                fields["flat_graph"] = made
            found: dict[str, Any] = fields["flat_graph"]
        return found

    def put(self: Any, value: dict[str, Any]) -> None:
        vars(self)["flat_graph"] = value

    own = {"__module__": kind.__module__, "flat_graph": property(get, put)}
    manifest.__class__ = type(kind.__name__, (kind,), own)


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
    path = getattr(credentials, "http_path", None) or ""
    for how, text, answer in state.asked:
        if ASKED[how](text, path) != answer:
            return f"http_path: the parse asks it for {text!r}, and the answer is another one"
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
