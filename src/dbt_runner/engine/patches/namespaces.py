"""Where the templates of a package find macros; the order is that of `dbt/context/macros.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Package:
    """A package's own macros, to be looked up by the name of the package."""

    name: str


@dataclass(frozen=True)
class Index:
    """Where the templates of a package find macros.

    Attributes:
        local: those of the package itself.
        root: those of the project, if that is another package.
        packages: of each package that is not dbt's or the adapter's.
        internal: of dbt and the adapter, the first of them that has the name.
        flat: by all names that a template may use, `Package` where that is a package's.
        shapes: of contexts, by their class; kept for `contexts.py`.
    """

    local: Mapping[str, Any]
    root: Mapping[str, Any]
    packages: Mapping[str, Mapping[str, Any]]
    internal: Mapping[str, Any]
    flat: Mapping[str, Any]
    shapes: dict[type, Any]


class Indexes:
    """Indexes of the macros of one manifest; made anew when macros are added, or it is another."""

    def __init__(self, dbt: str) -> None:
        self._dbt = dbt
        self._of: tuple[Any, int, dict[Any, Index]] = None, 0, {}

    def of(self, builder: Any, macros: Mapping[str, Mapping[str, Any]]) -> Index:
        """The index for what a builder of dbt's is to build.

        Args:
            builder: a `MacroNamespaceBuilder`.
            macros: by package and name.
        """
        size = sum(map(len, macros.values()))
        # as one value, since threads work with manifests of their own: a unit test has one
        of = self._of
        if of[0] is not macros or of[1] != size:
            of = self._of = macros, size, {}
        found = of[2]
        key = (
            builder.root_package,
            builder.search_package,
            *builder.internal_package_names_order,
        )
        index = found.get(key)
        if index is None:
            index = found[key] = self._make(builder, macros)
        return index

    def _make(self, builder: Any, macros: Mapping[str, Mapping[str, Any]]) -> Index:
        order = builder.internal_package_names_order
        internal: dict[str, Any] = {}
        for name in reversed(order):
            internal |= macros.get(name, {})
        packages = {name: dict(macros[name]) for name in macros if name not in order}
        local = packages.get(builder.search_package, {})
        root = packages.get(builder.root_package, {})
        if builder.root_package == builder.search_package:
            root = {}
        flat = {
            **internal,
            self._dbt: Package(self._dbt),
            **{name: Package(name) for name in packages},
            **root,
            **local,
        }
        return Index(local, root, packages, internal, flat, {})
