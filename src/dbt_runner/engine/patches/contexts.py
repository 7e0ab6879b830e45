"""What a node's templates may look up is made when they look it up.

For each node dbt-core 1.11 makes a context, twice or more often: some 700 macros, each in an object
of its own and filed under several names, and some 60 values such as `exceptions` or `flags`
(`context/macros.py`, `context/manifest.py`, `context/base.py`). A node uses a few dozen of them.
Here the index of macros is made once for each package, and the objects are made on demand.

Values that tell how the node is at this moment, such as `model`, are made at once as ever, and so
is `var`: it loads the project's dependencies, which `adapter.dispatch` relies on.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dbt_runner.engine.patches.lazy import Lazy
from dbt_runner.engine.patches.namespaces import Index, Indexes, Package
from dbt_runner.engine.patches.patch import Patch

_BUILD = "dbt.context.macros:MacroNamespaceBuilder.build_namespace"
_TO_DICT = "dbt.context.manifest:ManifestContext.to_dict"
_RENDERED = "dbt.context.base:Var.get_rendered_var"

_PROTOCOL = "dbt.context.providers:IsFQNResource"

_OURS = "dbt_runner_macros"
"""The attribute that leads from a namespace of dbt's to its macros here."""

_ON_DEMAND = frozenset(
    {
        "dbt_metadata_envs",
        "exceptions",
        "flags",
        "graph",
        "invocation_args_dict",
        "modules",
        "validation",
    }
)
"""Values that are the same whenever they are made, and cost something."""


@dataclass(frozen=True)
class _Shape:
    """What the contexts of a class consist of, over an index.

    Attributes:
        members: by name, what the class says of its values.
        at_once: those that are made with the context.
        known: every name of the context, in dbt's order; `None` where it is a member's.
        hidden: names of members that are made at once, but that macros hide.
    """

    members: Mapping[str, Any]
    at_once: Mapping[str, Any]
    known: Mapping[str, Any]
    hidden: tuple[str, ...]

    @classmethod
    def of(cls, members: Mapping[str, Any], flat: Mapping[str, Any]) -> _Shape:
        at_once = {name: members[name] for name in members if name not in _ON_DEMAND}
        own = dict.fromkeys(("context", "builtins", *members))
        hidden = tuple(name for name in ("context", "builtins", *at_once) if name in flat)
        return cls(members, at_once, {**own, **flat}, hidden)


class _Macros:
    """The macros of one context: one object for each, whatever names lead to it.

    Attributes:
        context: what the macros see; to be set before the first of them is made.
        made: those that are made, by the identity of what they are made from.
    """

    def __init__(self, index: Index, builder: Any, context: Any) -> None:
        self.index = index
        self.context = context
        self.made: dict[int, Any] = {}
        self._kind = sys.modules["dbt.context.macros"].MacroGenerator
        self._rest = builder.node, builder.thread_ctx
        self.packages = {name: Lazy(known, self.make) for name, known in index.packages.items()}
        self.internal = Lazy(index.internal, self.make)

    def make(self, _: str, found: Any) -> Any:
        """What a template gets."""
        if type(found) is Package:
            return self.packages.get(found.name, self.internal)
        made = self.made.get(id(found))
        if made is None:
            made = self.made[id(found)] = self._kind(found, self.context, *self._rest)
        return made


def _build(indexes: Indexes, builder: Any, by_package: Any, context: Any) -> Any:
    """The object that `adapter.dispatch` asks; its class is dbt's own."""
    macros = _Macros(indexes.of(builder, by_package), builder, context)
    index = macros.index
    namespace = sys.modules["dbt.context.macros"].MacroNamespace(
        global_namespace=Lazy(index.root, macros.make),
        local_namespace=Lazy(index.local, macros.make),
        global_project_namespace=macros.internal,
        packages=macros.packages,
    )
    setattr(namespace, _OURS, macros)
    return namespace


def _fill(owner: Any, macros: _Macros) -> Lazy:
    """The context of an object of dbt's that makes one."""
    shapes, kind = macros.index.shapes, type(owner)
    shape = shapes.get(kind)
    if shape is None:
        shape = shapes[kind] = _Shape.of(kind._context_members_, macros.index.flat)

    def member(_: str, value: Any) -> Any:
        return value.__get__(owner) if hasattr(value, "__get__") else value

    def any_value(name: str, found: Any) -> Any:
        return builtins[name] if found is None else macros.make(name, found)

    builtins = Lazy(shape.members, member)
    context = Lazy(shape.known, any_value)
    owner._ctx = macros.context = context  # noqa: SLF001 - dbt's own attribute
    context["context"] = context
    for name, value in shape.at_once.items():
        context[name] = builtins[name] = member(name, value)
    context["builtins"] = builtins
    for name in shape.hidden:
        context[name] = macros.make(name, macros.index.flat[name])
    return context


def _quick(protocol: Any) -> type:
    """A class that says of an object what a protocol of dbt's says, without `inspect`."""
    names = tuple(protocol.__protocol_attrs__)

    class Quick(type):
        def __instancecheck__(cls, instance: Any) -> bool:
            return all(hasattr(instance, name) for name in names)

    return Quick("IsFQNResource", (), {})


def _make(originals: Mapping[str, Any]) -> Mapping[str, Any]:
    indexes = Indexes(sys.modules["dbt.context.macros"].GLOBAL_PROJECT_NAME)
    has_jinja = sys.modules["dbt.clients.jinja"]._HAS_RENDER_CHARS_PAT.search  # noqa: SLF001

    def build_namespace(self: Any, macros_by_package: Any, ctx: Any) -> Any:
        return _build(indexes, self, macros_by_package, ctx)

    def to_dict(self: Any) -> Any:
        macros = getattr(self.namespace, _OURS, None)
        if macros is None or macros.made:
            # a test's own few macros; or some were made before the context that they see
            return originals[_TO_DICT](self)
        return _fill(self, macros)

    def get_rendered_var(self: Any, var_name: str) -> Any:
        raw = self._merged[var_name]
        if isinstance(raw, str) and not has_jinja(raw):
            # as it is; dbt would first copy the context, and so have all of it made
            return raw
        return originals[_RENDERED](self, var_name)

    return {
        _BUILD: build_namespace,
        _TO_DICT: to_dict,
        _RENDERED: get_rendered_var,
        _PROTOCOL: _quick(originals[_PROTOCOL]),
    }


PATCH = Patch(
    "contexts",
    (_BUILD, _TO_DICT, _RENDERED, _PROTOCOL),
    _make,
    relies_on=(
        "dbt.clients.jinja",
        "dbt.config.project",
        "dbt.context.configured",
        "dbt.context.exceptions_jinja",
        "dbt.context.providers",
        "dbt.context.query_header",
        "dbt.context.target",
        "dbt.contracts.graph.manifest",
        "dbt_common.clients.jinja",
    ),
)
