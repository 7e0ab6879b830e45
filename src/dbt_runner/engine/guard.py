"""Refuses a parse state whose relations are not those of this run, before anything is executed.

A manifest made for another schema writes into that schema and reports success. So each name is
compared with what the project's own naming macros give for this run, as dbt's parser asks them
(`RelationUpdate` and `update_parsed_node_relation_names` of dbt/parser/base.py, dbt-core 1.11).
Each function gives `None`, or one line that names the node.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from dbt_runner.engine.naming import Naming, in_config

_FIELDS = (
    "database",
    "schema",
    "schema_name",
    "alias",
    "identifier",
    "relation_name",
    "root_path",
)
_GROUPS = (
    "nodes",
    "sources",
    "exposures",
    "metrics",
    "semantic_models",
    "saved_queries",
    "unit_tests",
    "functions",
)

_PLAIN = re.compile(r"\w+")


def left_over(manifest: Any, config: Any, names: Iterable[str]) -> str | None:
    """Look for a stand-in that was not exchanged, wherever a relation is named.

    Args:
        manifest: dbt's, as loaded.
        config: dbt's `RuntimeConfig` of this run.
        names: the stand-ins, or marks of their places.
    """
    credentials = config.credentials
    own = {"the connection": [str(credentials.database), str(credentials.schema)]}
    # one search in all texts, since there are tens of thousands
    texts: set[Any] = {text for found in own.values() for text in found}
    for _, part in _parts(manifest):
        texts.update(map(part.get, _FIELDS))
    whole = "\n".join(text for text in texts if isinstance(text, str))
    for name in names:
        if name in whole:
            named = [*own.items(), *((where, part.values()) for where, part in _parts(manifest))]
            where, text = next(
                (where, text)
                for where, found in named
                for text in list(found)
                if isinstance(text, str) and name in text
            )
            return f"{where} holds the stand-in {name!r}: {text!r}"
    return None


def _parts(manifest: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """All that may name a relation, as mappings of fields."""
    for group in _GROUPS:
        for unique_id, node in getattr(manifest, group, {}).items():
            fields = vars(node)
            yield unique_id, fields
            if "config" in fields:
                yield unique_id, vars(fields["config"])
            if fields.get("node_relation") is not None:
                yield unique_id, vars(fields["node_relation"])
            for export in fields.get("exports", ()):
                yield unique_id, vars(export.config)


def wrong_relation(manifest: Any, config: Any) -> str | None:
    """Compare the names of all nodes and sources with what they should be in this run.

    Args:
        manifest: dbt's, as loaded.
        config: dbt's `RuntimeConfig` of this run; its adapter is registered.
    """
    from dbt.adapters.factory import get_adapter
    from dbt_common.exceptions import DbtBaseException

    try:
        relations = _Relations(config, get_adapter(config).Relation)
        naming = Naming(manifest, config)
        return (
            _wrong_node(manifest, naming, relations)
            or _wrong_source(manifest, config, relations)
            or _wrong_semantic_model(manifest)
        )
    except DbtBaseException as error:
        return f"the naming macros cannot be asked: {' '.join(str(error).split())}"


class _Relations:
    """Relations as the adapter writes them; asked once for all that differ in the name only."""

    def __init__(self, config: Any, kind: Any) -> None:
        self._config = config
        self._kind = kind
        self._written: dict[Any, str] = {}

    def of(self, node: Any, database: Any, schema: Any, alias: str) -> str:
        """What dbt keeps as `relation_name` of a node in this place."""
        if not _PLAIN.fullmatch(alias) or "quoting" in vars(node):
            return self.asked(_placed(node, database, schema, alias))
        catalogs = (in_config(node.config, "catalog_name"), in_config(node.config, "catalog"))
        key = (database, schema, catalogs, type(node))
        if key not in self._written:
            written = self.asked(_placed(node, database, schema, "a0a"))
            before, found, after = written.rpartition("a0a")
            self._written[key] = f"{before}\0{after}" if found else written
        # an adapter may write a name in lower case, as dbt-databricks does
        mark = self._written[key]
        whole = mark.replace("\0", alias)
        return whole if not self._lowers() else whole.lower()

    def asked(self, node: Any) -> str:
        """The adapter's word on one node or source."""
        return str(self._kind.create_from(self._config, node))

    def _lowers(self) -> bool:
        if "lowers" not in self._written:
            written = str(self._kind.create(database="D", schema="S", identifier="I"))
            self._written["lowers"] = "yes" if written == written.lower() else ""
        return bool(self._written["lowers"])


def _placed(node: Any, database: Any, schema: Any, alias: str) -> Any:
    placed = copy.copy(node)
    placed.database, placed.schema, placed.alias = database, schema, alias
    return placed


def _wrong_node(manifest: Any, naming: Naming, relations: _Relations) -> str | None:
    taken: dict[str, str] = {}
    for group in (manifest.nodes, manifest.functions):
        for unique_id, node in group.items():
            database, schema, alias = naming.of(node)
            written = None
            if node.is_relational:
                written = relations.of(node, database, schema, alias)
                if written in taken:
                    return f"{unique_id} and {taken[written]} are both {written}"
                taken[written] = unique_id
            if node.is_relational and node.is_ephemeral_model:
                written = None
            has = (node.database, node.schema, node.alias, node.relation_name)
            if has != (database, schema, alias, written):
                return _line(unique_id, has, (database, schema, alias, written))
    return None


def _line(unique_id: str, has: tuple[Any, ...], should: tuple[Any, ...]) -> str:
    fields = ("database", "schema", "alias", "relation_name")
    field, one, other = next(
        (field, one, other)
        for field, one, other in zip(fields, has, should, strict=True)
        if one != other
    )
    return f"{unique_id} has the {field} {one!r}, where this run's macros give {other!r}"


def _wrong_source(manifest: Any, config: Any, relations: _Relations) -> str | None:
    render = _renderer(config)
    for unique_id, source in manifest.sources.items():
        if _is_patched(manifest, source):
            continue
        package = source.package_name
        database = render(package, source.unrendered_database) or config.credentials.database
        schema = render(package, source.unrendered_schema) or source.source_name
        if "plugin" in {**source.source_meta, **source.meta}:
            # dbt-duckdb loads such a source when it is asked
            written = source.relation_name
        else:
            written = relations.asked(source)
        has = (source.database, source.schema, source.identifier, source.relation_name)
        should = (database, schema, source.identifier, written)
        if has != should:
            return _line(unique_id, has, should)
    return None


def _is_patched(manifest: Any, source: Any) -> bool:
    """Whether another package overrides it, in which case its YAML is not its own."""
    return (source.package_name, source.source_name) in manifest.source_patches


def _renderer(config: Any) -> Callable[[str, Any], Any]:
    from dbt.config.renderer import BaseRenderer
    from dbt.context.configured import generate_schema_yml_context

    known: dict[tuple[str, Any], Any] = {}

    def render(package: str, text: Any) -> Any:
        if not isinstance(text, str) or "{" not in text:
            return text
        if (package, text) not in known:
            renderer = BaseRenderer(generate_schema_yml_context(config, package))
            known[package, text] = renderer.render_value(text)
        return known[package, text]

    return render


def _wrong_semantic_model(manifest: Any) -> str | None:
    for unique_id, model in manifest.semantic_models.items():
        relation = model.node_relation
        node = manifest.nodes.get(model.depends_on_nodes[0]) if model.depends_on_nodes else None
        if relation is None or node is None:
            continue
        has = (relation.database, relation.schema_name, relation.alias, relation.relation_name)
        should = (node.database, node.schema, node.alias, node.relation_name)
        if has != should:
            return _line(unique_id, has, should)
    return None
