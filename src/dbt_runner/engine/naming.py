"""What a project's naming macros give for a node, asked no more often than they can differ.

dbt asks three macros for each node while it parses (`RelationUpdate` of dbt/parser/base.py,
dbt-core 1.11). At thousands of nodes that takes seconds, though most macros look at the custom
name only.
"""

from __future__ import annotations

import copy
import re
from typing import Any

COMPONENTS = ("database", "schema", "alias")


class Naming:
    """The macros of one run.

    Args:
        manifest: dbt's, with the macros.
        config: dbt's `RuntimeConfig` of this run; its adapter is registered.
    """

    def __init__(self, manifest: Any, config: Any) -> None:
        self._database = config.credentials.database
        self._schema = config.credentials.schema
        self._macros = {name: _Macro(manifest, config, name) for name in COMPONENTS}
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
        default = self._update.default_updater.macro
        self._kinds = {
            package: self._kind(updater.macro, internal)
            for package, updater in self._update.package_updaters.items()
        }
        self._default_kind = self._kind(default, internal)
        self._kinds_seen: set[tuple[bool, bool]] = set()

    def _kind(self, macro: Any, internal: frozenset[str]) -> str:
        if macro.package_name in internal:
            return f"dbt's {self._component}" if self._is_dbts else "by node"
        return "by custom name" if self._is_blind(macro.macro_sql) else "by node"

    def _is_blind(self, text: str) -> bool:
        """Whether a macro's text cannot tell nodes apart that have the same custom name."""
        signature = re.search(r"generate_\w+_name\s*\(([^)]*)\)", text)
        if signature is None:
            return False
        words = [part.split("=")[0].split(":")[0].strip() for part in signature[1].split(",")]
        body = text[signature.end() :]
        if self._is_dbts and self._component == "schema":
            # dbt's own looks at the custom name only
            body = re.sub(r"\bdefault__generate_schema_name\s*\(\s*\w+\s*,\s*\w+\s*\)", "", body)
        hidden = ["varargs", "kwargs", "caller", "context", *words[1:]]
        return not any(re.search(rf"\b{re.escape(word)}\b", body) for word in hidden if word)

    def tells_apart(self, node: Any) -> bool:
        """Whether it may give different names to nodes of one package with one custom name."""
        return self._kinds.get(node.package_name, self._default_kind) == "by node"

    def give(self, node: Any, custom: Any, database: Any, schema: Any) -> Any:
        """The name for a node.

        Args:
            custom: what its config says.
            database, schema: what it has when the macro is asked.
        """
        if self._kinds.get(node.package_name, self._default_kind) == "dbt's alias":
            return self._alias(node, custom, database, schema)
        return self._ask(node, custom, database, schema)

    def _ask(self, node: Any, custom: Any, database: Any, schema: Any) -> Any:
        asked = copy.copy(node)
        asked.database, asked.schema, asked.alias = database, schema, node.name
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
        if kind not in self._kinds_seen:
            if self._ask(node, custom, database, schema) != found:
                self._default_kind, self._kinds = "by node", {}
                return self._ask(node, custom, database, schema)
            self._kinds_seen.add(kind)
        return found
