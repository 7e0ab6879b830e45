"""A YAML or JSON file as values that know their lines, read as the Databricks CLI reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from dbt_runner.bundle.value import DEEPEST, Place, Value, from_plain
from dbt_runner.errors import BundleError

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_MOST_VALUES = 1_000_000


def read(path: Path, name: str) -> tuple[Value, str]:
    """Read a file.

    Args:
        name: the file's name in messages.

    Returns:
        Its content, and its text.

    Raises:
        BundleError: it cannot be read, or is not well-formed; one line with file and line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "is no UTF-8 text"
        msg = f"{name}: cannot be read: {reason}"
        raise BundleError(msg) from None
    return parse(text, name), text


def parse(text: str, name: str) -> Value:
    """Parse the text of a file.

    Raises:
        BundleError: it is not well-formed.
    """
    try:
        _refuse_depth(text, name)
        node = yaml.compose(text, Loader=_LOADER)
        return _Reader(name).document(node)
    except yaml.YAMLError as error:
        if name.endswith(".json"):
            return _json(text, name)  # JSON may be indented with tabs
        mark = getattr(error, "problem_mark", None)
        place = Place(name, mark.line + 1 if mark else None)
        reason = getattr(error, "problem", None) or getattr(error, "reason", "not well-formed")
        msg = f"{place}: no valid YAML: {reason}; correct the file"
        raise BundleError(msg) from None


def _refuse_depth(text: str, name: str) -> None:
    """Refuse what is nested so deeply that the parser, which is C, would end the process."""
    longest = max(map(len, text.splitlines()), default=0)
    if max(longest, text.count("[") + text.count("{")) <= DEEPEST:
        return  # a block cannot be nested more deeply than its line is long
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            line = event.start_mark.line + 1 if event.start_mark else None
            msg = f"{Place(name, line)}: is nested too deeply to be read"
            raise BundleError(msg)


def _json(text: str, name: str) -> Value:
    try:
        return from_plain(json.loads(text), "", file=name)
    except ValueError as error:
        place = Place(name, getattr(error, "lineno", None))
        msg = f"{place}: no valid JSON: {getattr(error, 'msg', error)}; correct the file"
        raise BundleError(msg) from None


class _Reader:
    """Turns the nodes of one file into values; what an anchor names is read once."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._seen: dict[int, tuple[Any, int]] = {}
        self._open: set[int] = set()

    def document(self, node: yaml.Node | None) -> Value:
        if node is None:
            return Value({}, Place(self._name, 1))
        if not isinstance(node, yaml.MappingNode):
            self._fail(node, "a bundle's file is a mapping of keys to values")
        return Value(self._data(node)[0], self._place(node))

    def _data(self, node: yaml.Node) -> tuple[Any, int]:
        """What a node holds, and how many values that is with every alias written out."""
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node), 1
        if id(node) in self._open:
            self._fail(node, "holds itself by an alias")
        if id(node) not in self._seen:
            self._open.add(id(node))
            found = self._mapping(node) if isinstance(node, yaml.MappingNode) else self._list(node)
            self._open.discard(id(node))
            if found[1] > _MOST_VALUES:
                self._fail(node, f"has more than {_MOST_VALUES:,} values with aliases written out")
            self._seen[id(node)] = found
        return self._seen[id(node)]

    def _mapping(self, node: yaml.MappingNode) -> tuple[dict[str, Value], int]:
        own: dict[str, Value] = {}
        merged: dict[str, Value] = {}
        size = 1
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._fail(key, "a key has to be a plain text")
            data, count = self._data(item)
            size += count
            if key.tag == f"{_TAG}merge":
                for part in data if isinstance(data, list) else [Value(data, self._place(key))]:
                    merged |= dict(part.entries())
                continue
            if key.value in own:
                first = own[key.value].place.line
                self._fail(key, f"{key.value} stands twice, first in line {first}; remove one")
            own[key.value] = Value(data, self._place(key))
        return {**merged, **own}, size

    def _list(self, node: yaml.Node) -> tuple[list[Value], int]:
        found = [(item, *self._data(item)) for item in node.value]
        values = [Value(data, self._place(item)) for item, data, _ in found]
        return values, 1 + sum(count for *_, count in found)

    def _place(self, node: yaml.Node) -> Place:
        return Place(self._name, node.start_mark.line + 1)

    def _fail(self, node: yaml.Node, reason: str) -> Any:
        msg = f"{self._place(node)}: {reason}"
        raise BundleError(msg)


def _scalar(node: yaml.ScalarNode) -> Any:
    """A scalar as the CLI takes it (yamlloader/loader.go): `yes` and dates are texts."""
    text: str = node.value
    kind = node.tag.removeprefix(_TAG)
    if kind == "null":
        return None
    if kind == "bool" and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if kind in {"int", "float"}:
        return _number(text, kind)
    return text


def _number(text: str, kind: str) -> Any:
    try:
        if kind == "float":
            return float(text)
        return int(text.lstrip("0") or "0")
    except ValueError:
        try:
            return int(text, 0)
        except ValueError:
            return text
