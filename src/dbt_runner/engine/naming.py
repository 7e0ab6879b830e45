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

    def of(self, node: Any) -> tuple[Any, Any, Any]:
        """(database, schema, alias) that the node should have.

        Raises:
            dbt_common.exceptions.DbtBaseException: a macro fails.
        """
        custom = node.config
        given = {name: getattr(custom, name, None) for name in COMPONENTS}
        start = {"database": self._database, "schema": self._schema, "alias": node.name}
        found = dict(start)
        for name, macro in self._macros.items():
            # each macro sees the names that were set before it
            found[name] = macro.give(node, given[name], {**start, **found})
        if node.resource_type == "snapshot":
            found["database"] = getattr(custom, "target_database", None) or found["database"]
            found["schema"] = getattr(custom, "target_schema", None) or found["schema"]
        return found["database"], found["schema"], found["alias"]


class _Macro:
    """`generate_<component>_name`, of the project or of one of its packages."""

    def __init__(self, manifest: Any, config: Any, component: str) -> None:
        from dbt.adapters.factory import get_adapter_package_names
        from dbt.parser.base import RelationUpdate

        self._component = component
        self._update = RelationUpdate(config, manifest, component)
        self._known: dict[Any, Any] = {}
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

    def give(self, node: Any, custom: Any, names: dict[str, Any]) -> Any:
        """The name for a node.

        Args:
            custom: what its config says.
            names: database, schema and alias that it has when the macro is asked.
        """
        kind = self._kinds.get(node.package_name, self._default_kind)
        if kind == "by node":
            return self._ask(node, custom, names)
        if kind == "dbt's alias":
            return self._alias(node, custom, names)
        key: tuple[Any, ...] = (node.package_name, custom)
        if kind == "dbt's database":
            # which catalog integration it looks at
            key = (*key, node.config.get("catalog_name", None), node.config.get("catalog", None))
        if key not in self._known:
            self._known[key] = self._ask(node, custom, names)
        return self._known[key]

    def _ask(self, node: Any, custom: Any, names: dict[str, Any]) -> Any:
        asked = copy.copy(node)
        for name, value in names.items():
            setattr(asked, name, value)
        self._update(asked, custom)
        return getattr(asked, self._component)

    def _alias(self, node: Any, custom: Any, names: dict[str, Any]) -> Any:
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
            if self._ask(node, custom, names) != found:
                self._default_kind, self._kinds = "by node", {}
                return self._ask(node, custom, names)
            self._kinds_seen.add(kind)
        return found
