"""What a project's naming macros give for a node, asked no more often than they can differ.

dbt asks three macros for each node while it parses (`RelationUpdate` of dbt/parser/base.py,
dbt-core 1.11). At thousands of nodes that takes seconds, though most macros look at the custom
name only.
"""

from __future__ import annotations

import copy
from typing import Any

from dbt_runner.engine.macro_reads import Path, reads, values

_COMPONENTS = ("database", "schema", "alias")


class Naming:
    """The macros of one run.

    Args:
        manifest: dbt's, with the macros.
        config: dbt's `RuntimeConfig` of this run; its adapter is registered.
    """

    def __init__(self, manifest: Any, config: Any) -> None:
        self._database = config.credentials.database
        self._schema = config.credentials.schema
        self._macros = {name: _Macro(manifest, config, name) for name in _COMPONENTS}
        self._alias = self._macros["alias"].give
        self._known: dict[Any, tuple[Any, Any]] = {}

    def of(self, node: Any) -> tuple[Any, Any, Any]:
        """(database, schema, alias) that the node should have.

        Raises:
            dbt_common.exceptions.DbtBaseException: a macro fails.
        """
        config = node.config
        fields = vars(config)
        key: Any = (
            node.package_name,
            fields.get("database"),
            fields.get("schema"),
            # which catalog integration dbt's own macro looks at
            in_config(config, "catalog_name"),
            in_config(config, "catalog"),
        )
        place = self._known.get(key)
        if place is None:
            place = self._place(node, fields)
            if not any(self._macros[name].tells_apart(node) for name in ("database", "schema")):
                self._known[key] = place
        alias = self._alias(node, fields.get("alias"), *place)
        if node.resource_type == "snapshot":
            database, schema = fields.get("target_database"), fields.get("target_schema")
            return database or place[0], schema or place[1], alias
        return *place, alias

    def _place(self, node: Any, fields: dict[str, Any]) -> tuple[Any, Any]:
        start = (self._database, self._schema)
        database = self._macros["database"].give(node, fields.get("database"), *start)
        schema = self._macros["schema"].give(node, fields.get("schema"), database, self._schema)
        return database, schema


def in_config(config: Any, name: str) -> Any:
    """A setting of a node, `None` if it has none.

    As `BaseConfig.get` (dbt_common/contracts/config/base.py, 1.38), which raises and catches where
    there is nothing.
    """
    found = vars(config).get(name)
    return found if found is not None else vars(config).get("_extra", {}).get(name)


_OF_DBTS: dict[str, frozenset[Path]] = {
    "database": frozenset(),
    "schema": frozenset(),
    "alias": frozenset({("name",), ("version",)}),
}
"""What the macros look at that come with dbt: dbt/include/global_project/macros/get_custom_name."""


def _named(node: Any, database: Any, schema: Any) -> Any:
    """A node as it is when its naming macros are asked."""
    named = copy.copy(node)
    named.database, named.schema, named.alias = database, schema, node.name
    return named


class _Macro:
    """`generate_<component>_name`, of the project or of one of its packages."""

    def __init__(self, manifest: Any, config: Any, component: str) -> None:
        from dbt.adapters.factory import get_adapter_package_names
        from dbt.parser.base import RelationUpdate

        self._component = component
        self._update = RelationUpdate(config, manifest, component)
        internal = frozenset(get_adapter_package_names(config.credentials.type)) | {"dbt"}
        implementation = f"__generate_{component}_name"
        self._is_dbts = not any(
            macro.name.endswith(implementation) and macro.package_name not in internal
            for macro in manifest.macros.values()
        )
        self._reads = {
            package: self._read(updater.macro, internal)
            for package, updater in self._update.package_updaters.items()
        }
        self._default_reads = self._read(self._update.default_updater.macro, internal)
        self._known: dict[Any, Any] = {}
        self._tried: set[tuple[bool, bool]] = set()

    def _read(self, macro: Any, internal: frozenset[str]) -> frozenset[Path] | None:
        """What a macro looks at, beside the custom name and the catalog integration."""
        if macro.package_name in internal:
            return _OF_DBTS[self._component] if self._is_dbts else None
        carrying = "default__generate_schema_name"
        return reads(macro.macro_sql, carrying if self._is_dbts else None)

    def _read_of(self, node: Any) -> frozenset[Path] | None:
        return self._reads.get(node.package_name, self._default_reads)

    def tells_apart(self, node: Any) -> bool:
        """Whether it may give different names to nodes of one package with one custom name."""
        return self._read_of(node) != frozenset()

    def give(self, node: Any, custom: Any, database: Any, schema: Any) -> Any:
        """The name for a node.

        Args:
            custom: what its config says.
            database, schema: what it has when the macro is asked.
        """
        paths = self._read_of(node)
        if paths is None:
            return self._ask(node, custom, database, schema)
        if paths is _OF_DBTS["alias"]:  # a project's own may look at the same
            return self._alias(node, custom, database, schema)
        catalogs = (in_config(node.config, "catalog_name"), in_config(node.config, "catalog"))
        asked = _named(node, database, schema)
        key = (node.package_name, custom, database, schema, catalogs, values(asked, paths))
        if key not in self._known:
            self._known[key] = self._ask(node, custom, database, schema)
        return self._known[key]

    def _ask(self, node: Any, custom: Any, database: Any, schema: Any) -> Any:
        asked = _named(node, database, schema)
        self._update(asked, custom)
        return getattr(asked, self._component)

    def _alias(self, node: Any, custom: Any, database: Any, schema: Any) -> Any:
        """What dbt's own macro gives; the first of each kind is asked, to be sure."""
        number = getattr(node, "version", None)
        if custom:
            found = str(custom).strip()
        elif number:
            found = f"{node.name}_v{str(number).replace('.', '_')}"
        else:
            found = node.name
        kind = (bool(custom), bool(number))
        if kind not in self._tried:
            if self._ask(node, custom, database, schema) != found:
                self._default_reads, self._reads = None, {}
                return self._ask(node, custom, database, schema)
            self._tried.add(kind)
        return found
