"""dbt's manifest as the bytes that `dbt_runner.engine.serving` reads."""

from __future__ import annotations

import io
import pickle
import pickletools
import re
import zlib
from enum import Enum
from typing import Any

from dbt_runner.engine.baking import comparison
from dbt_runner.engine.serving import TIMED, Place


def strip(manifest: Any) -> None:
    """Take away what belongs to one parse alone, and give all entries an order."""
    from dbt.contracts.graph.manifest import ManifestStateCheck

    manifest.files = {}
    manifest.source_patches = {}
    manifest.state_check = ManifestStateCheck()
    manifest.env_vars = {}
    manifest.metadata = None
    for part in TIMED:
        entries = getattr(manifest, part)
        setattr(manifest, part, dict(sorted(entries.items())))
        for entry in entries.values():
            if hasattr(entry, "created_at"):
                entry.created_at = 0.0
    manifest.disabled = dict(sorted(manifest.disabled.items()))
    for found in manifest.disabled.values():
        for entry in found:
            entry.created_at = 0.0
    manifest.build_flat_graph()


def dump(manifest: Any, place: Place) -> bytes:
    """Make the bytes of a manifest that `strip` has gone over."""
    templates = Templates(place)
    body = _dump(manifest, templates)
    graph = _dump(getattr(manifest, "flat_graph", {}), templates)
    head = _dump(list(templates.found), None)
    return zlib.compress(head + body, 9) + zlib.compress(graph, 9)


class Templates:
    """The texts that hold a name, each as the pieces between the names.

    Attributes:
        found: pieces → number, in the order of their first appearance.
    """

    def __init__(self, place: Place) -> None:
        names = (place.catalog, place.schema, place.root)
        self._numbers = {name: number for number, name in enumerate(names)}
        by_length = sorted(names, key=len, reverse=True)
        self._pattern = re.compile("(" + "|".join(map(re.escape, by_length)) + ")")
        self.found: dict[tuple[str | int, ...], int] = {}

    def pieces(self, text: str) -> tuple[str | int, ...] | None:
        """The pieces of a text; `None` if no name is in it."""
        if not self._pattern.search(text):
            return None
        parts = (part for part in self._pattern.split(text) if part)
        return tuple(self._numbers.get(part, part) for part in parts)

    def number(self, text: str, *, plain: bool = False) -> int | None:
        """The number of a text's template; `None` if it needs none.

        Args:
            plain: it needs one in any case.
        """
        pieces = self.pieces(text) or ((text,) if plain else None)
        return None if pieces is None else self.found.setdefault(pieces, len(self.found))


class _Pickler(pickle.Pickler):
    def __init__(self, stream: io.BytesIO, templates: Templates | None) -> None:
        super().__init__(stream, protocol=5)
        self._templates = templates

    def persistent_id(self, value: Any) -> int | None:
        if self._templates is None or not isinstance(value, str) or isinstance(value, Enum):
            return None
        # a text of another class, such as a watched name, comes back as a plain one
        kind = type(value)
        return self._templates.number(str.__str__(value), plain=kind is not str)

    def reducer_override(self, value: Any) -> Any:
        # `Manifest.__reduce_ex__` leaves out two of its parts and so shifts others (dbt-core 1.11,
        # `dbt/contracts/graph/manifest.py`); what dbt finds things by, it makes anew
        if type(value).__name__ == "Manifest":
            rest = {k: v for k, v in comparison.parts(value).items() if k != "flat_graph"}
            return type(value), (), rest
        return NotImplemented


def _dump(value: Any, templates: Templates | None) -> bytes:
    stream = io.BytesIO()
    _Pickler(stream, templates).dump(value)
    return pickletools.optimize(stream.getvalue())
