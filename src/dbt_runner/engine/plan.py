"""What a dbt command is going to execute, in dbt's own reckoning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from dbt_runner.errors import DbtError
from dbt_runner.run_types import Command

_TASKS = {
    "build": ("dbt.task.build", "BuildTask"),
    "run": ("dbt.task.run", "RunTask"),
    "seed": ("dbt.task.seed", "SeedTask"),
    "snapshot": ("dbt.task.snapshot", "SnapshotTask"),
    "test": ("dbt.task.test", "TestTask"),
    "compile": ("dbt.task.compile", "CompileTask"),
    "docs generate": ("dbt.task.docs.generate", "GenerateTask"),
    "source freshness": ("dbt.task.freshness", "FreshnessTask"),
}


@dataclass(frozen=True)
class Node:
    """A node that a command is going to execute.

    Attributes:
        writes: (catalog, schema) of the relation that it writes, if it writes one.
        path: its file, relative to its package.
        idempotent: executing it again, also after a half of it was done, leaves the same.
    """

    unique_id: str
    resource_type: str
    name: str
    path: str
    relation: str | None = None
    writes: tuple[str, str] | None = None
    idempotent: bool = False


def selected(command: Command, flags: Any, config: Any, manifest: Any) -> tuple[Node, ...]:
    """The nodes that dbt's own task for a command selects, without those that run nothing.

    Args:
        flags: dbt's flags of the command.
        config: dbt's runtime configuration.
        manifest: the parsed project.
    """
    from dbt_common.events.contextvars import task_contextvars

    module, name = _TASKS[command.name]
    with task_contextvars(project_root=config.project_root):
        task = getattr(import_module(module), name)(flags, config, manifest)
        task.compile_manifest()
        found = task.get_node_selector().get_selected(task.get_selection_spec())
    nodes = (_node(manifest, unique_id, command) for unique_id in sorted(found))
    return tuple(node for node in nodes if node is not None)


def written(manifest: Any) -> tuple[Node, ...]:
    """Every node of the project that a build would write a relation for, selected or not."""
    nodes = (_node(manifest, unique_id, Command("build")) for unique_id in manifest.nodes)
    return tuple(node for node in nodes if node is not None and node.relation)


def sources(manifest: Any) -> frozenset[str]:
    """The relations, `catalog.schema.name` in lower case, that the project reads as sources."""
    found = manifest.sources.values()
    return frozenset(f"{s.database}.{s.schema}.{s.identifier}".lower() for s in found)


def operation(manifest: Any, macro: str, project: str) -> Node:
    """The macro that `run-operation` runs, as a node.

    Raises:
        DbtError: the project has no such macro.
    """
    package, _, name = macro.rpartition(".")
    found = manifest.find_macro_by_name(name, project, package or None)
    if found is None:
        msg = f"run-operation: the project has no macro {macro}"
        raise DbtError(msg)
    return Node(found.unique_id, "operation", name, found.original_file_path)


def ends_with_hooks(manifest: Any) -> bool:
    """Whether the project or a package has an `on-run-end`.

    dbt tags its hooks with their kind (`HookParser` of dbt/parser/hooks.py, dbt-core 1.11).
    """
    nodes = manifest.nodes.values()
    return any(n.resource_type.value == "operation" and "on-run-end" in n.tags for n in nodes)


def behind(manifest: Any, unique_ids: Iterable[str]) -> frozenset[str]:
    """Nodes that dbt skips when these fail, whatever lies between.

    A test that fails holds back what is built on the nodes that it tests; a unit test, which runs
    before its model, the model too (dbt-core 1.11, `dbt/task/build.py`).
    """
    manifest.build_parent_and_child_maps()
    found, waiting = set[str](), list(unique_ids)
    for unique_id in tuple(waiting):
        if unique_id.startswith(("test.", "unit_test.")):
            tested = manifest.parent_map.get(unique_id, ())
            waiting += tested
            found.update(tested if unique_id.startswith("unit_test.") else ())
    while waiting:
        children = [c for c in manifest.child_map.get(waiting.pop(), ()) if c not in found]
        waiting += children
        found.update(children)
    return frozenset(found)


def missing(manifest: Any, unique_ids: Iterable[str]) -> frozenset[str]:
    """Those of some nodes and macros that the project does not have, or has disabled."""
    return frozenset(
        one for one in unique_ids if not (_found(manifest, one) or one in manifest.macros)
    )


def _found(manifest: Any, unique_id: str) -> Any:
    return (
        manifest.nodes.get(unique_id)
        or manifest.unit_tests.get(unique_id)
        or manifest.sources.get(unique_id)
        or manifest.functions.get(unique_id)
        or manifest.saved_queries.get(unique_id)
        or manifest.exposures.get(unique_id)
    )


def _node(manifest: Any, unique_id: str, command: Command) -> Node | None:
    node = _found(manifest, unique_id)
    if getattr(node, "is_ephemeral_model", False):
        return None
    kind = str(node.resource_type.value)
    place = None
    relation = None
    if _writes(node, kind, command):
        place = (str(node.database), str(node.schema))
        relation = ".".join((*place, str(node.alias)))
    again = _is_idempotent(node, kind, command)
    return Node(unique_id, kind, node.name, node.original_file_path, relation, place, again)


def _is_idempotent(node: Any, kind: str, command: Command) -> bool:
    """Whether a node may be executed again; what is not known to be so is not.

    An incremental model adds its rows a second time, unless it finds them by a key or replaces
    whole ranges (dbt docs, "About incremental strategy"). Hooks may do anything.
    """
    if kind in {"test", "unit_test"}:
        return True
    if kind not in {"model", "seed", "snapshot"} or node.config.pre_hook or node.config.post_hook:
        return False
    materialized = node.config.materialized
    if materialized in {"view", "table", "materialized_view", "seed", "snapshot"}:
        return True
    refreshed = command.full_refresh and node.config.full_refresh is not False
    strategy = getattr(node.config, "incremental_strategy", None)
    keyed = bool(node.config.unique_key) and strategy in {None, "merge", "delete+insert"}
    return materialized == "incremental" and (
        refreshed or keyed or strategy in {"insert_overwrite", "replace_where", "microbatch"}
    )


def _writes(node: Any, kind: str, command: Command) -> bool:
    if command.name not in {"build", "run", "seed", "snapshot", "test"}:
        return False
    if kind == "test":
        return bool(node.config.store_failures)
    return kind in {"model", "seed", "snapshot", "function"}
