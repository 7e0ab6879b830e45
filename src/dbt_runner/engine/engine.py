"""dbt 1.11 behind a narrow interface: parse, plan, execute, cancel."""

from __future__ import annotations

import gc
import json
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dbt_runner.engine import environment
from dbt_runner.engine.events import Event, NodeFinished, NodeStarted
from dbt_runner.engine.translation import Callback, node_result
from dbt_runner.errors import BusyError, DbtError
from dbt_runner.run_types import Command
from dbt_runner.warehouse.connection import Connection

_one_at_a_time = threading.Lock()

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

_RUN_END_WARNINGS = ["NoNodesForSelectionCriteria", "NothingToDo", "NoNodesSelected"]


@dataclass(frozen=True)
class Node:
    """A node that a command is going to execute.

    Attributes:
        writes: (catalog, schema) of the relation that it writes, if it writes one.
        path: its file, relative to its package.
    """

    unique_id: str
    resource_type: str
    name: str
    path: str
    relation: str | None = None
    writes: tuple[str, str] | None = None


@dataclass(frozen=True)
class Outcome:
    """What a command left.

    Attributes:
        results: the last word on each node, hooks included.
        fault: why dbt stopped, where it is no node's fault.
    """

    results: tuple[NodeFinished, ...] = ()
    fault: BaseException | None = None


@dataclass(frozen=True)
class Options:
    """What all invocations of a run share.

    Attributes:
        project: absolute path of the project.
        workspace: private folder on local disk for everything that dbt writes.
        state: folder with artifacts to compare with, absolute.
    """

    project: Path
    connection: Connection
    workspace: Path
    threads: int
    variables: dict[str, Any] = field(default_factory=dict)
    fail_fast: bool = False
    warnings_are_errors: bool = False
    state: Path | None = None
    defer: bool = False
    favor_state: bool = False
    log_level: str = "info"


class Engine:
    """dbt for the length of one run. All calls but `cancel` come from one thread."""

    def __init__(self, options: Options, listener: Callable[[Event], None]) -> None:
        self._options = options
        self._listener = listener
        self._callback = Callback(listener)
        self._manifest: Any = None
        self._adapter_type: str | None = None
        self._profiles_dir = options.workspace / "profiles"
        self._cancelling = threading.Event()
        self._executing = False
        self.dropped_variables: tuple[str, ...] = ()

    @contextmanager
    def session(self) -> Iterator[None]:
        """Hold dbt for this run: its flags and adapters are global to the process.

        Raises:
            BusyError: another run in this process holds it.
        """
        if not _one_at_a_time.acquire(blocking=False):
            msg = "another run is going on in this process; dbt runs one at a time"
            raise BusyError(msg)
        tells_errors = logging.raiseExceptions
        try:
            _import_dbt()
            self._profiles_dir = self._options.connection.write_profile(self._profiles_dir)
            with environment.prepared(self._options.connection.environment) as dropped:
                self.dropped_variables = dropped
                # what cannot be written to dbt.log is no matter for standard error
                logging.raiseExceptions = False
                try:
                    yield
                finally:
                    _disconnect()
        finally:
            logging.raiseExceptions = tells_errors
            _one_at_a_time.release()

    def parse(self, folder: Path) -> None:
        """Parse the project, building on `partial_parse.msgpack` if it lies in the folder.

        Raises:
            DbtError: the project does not parse.
        """
        outcome = self._invoke(["parse", "--no-write-json"], folder)
        if outcome.exception is not None or outcome.result is None:
            raise _as_error(outcome.exception)
        self._manifest = outcome.result
        self._adapter_type = str(_adapter().type())

    def place(self) -> tuple[str, str]:
        """The (catalog, schema) of the target, as dbt resolved the profile. After `parse`."""
        credentials = _adapter().config.credentials
        return str(credentials.database), str(credentials.schema)

    def plan(self, command: Command, folder: Path) -> tuple[Node, ...]:
        """The nodes that a command would execute, in dbt's own reckoning. After `parse`.

        Raises:
            DbtError: dbt does not understand the selection.
        """
        if command.macro:
            return (self._operation(command.macro),)
        from dbt_common.events.contextvars import task_contextvars
        from dbt_common.exceptions import DbtBaseException

        module, name = _TASKS[command.name]
        config = _adapter().config
        try:
            with task_contextvars(project_root=config.project_root):
                flags = self._flags(command, folder)
                task = getattr(import_module(module), name)(flags, config, self._manifest)
                task.compile_manifest()
                selected = task.get_node_selector().get_selected(task.get_selection_spec())
        except DbtBaseException as error:
            raise _as_error(error) from error
        nodes = (self._node(unique_id, command) for unique_id in sorted(selected))
        return tuple(node for node in nodes if node is not None)

    def execute(self, command: Command, folder: Path) -> Outcome:
        """Run a command, its artifacts in the folder. After `parse`."""
        if command.macro:
            # dbt tells about nodes only
            self._listener(NodeStarted(self._operation(command.macro).unique_id))
        self._executing = True
        outcome = self._invoke(self._words(command), folder)
        found = getattr(outcome.result, "results", None) or ()
        results = tuple(r for result in found if (r := node_result(result, folder)) is not None)
        if command.macro and not outcome.success:
            results = tuple(replace(r, message=self._callback.operation_error) for r in results)
        if outcome.exception is not None:
            return Outcome(results, outcome.exception)
        if not outcome.success and not results:
            return Outcome(results, DbtError(f"dbt {command} failed without a result"))
        return Outcome(results)

    def cancel(self) -> None:
        """Cancel open queries and have dbt start no other node. Call it until dbt returns.

        May be called from any thread, before dbt is imported too: there are no queries then.
        """
        self._cancelling.set()
        if not self._executing:
            return
        flags = import_module("dbt.flags")
        factory = import_module("dbt.adapters.factory")
        # a node that fails then ends the run, as with --fail-fast, and all nodes get a result
        object.__setattr__(flags.get_flags(), "FAIL_FAST", True)
        for adapter in list(factory.FACTORY.adapters.values()):
            if adapter.is_cancelable():
                list(adapter.cancel_open_connections())

    def versions(self) -> dict[str, str]:
        """Versions of dbt and, after `parse`, of the adapter in use."""
        found = {"dbt_core": version("dbt-core")}
        if self._adapter_type:
            name = f"dbt-{self._adapter_type}"
            found["adapter"] = f"{name} {version(name)}"
        return found

    def _invoke(self, words: Sequence[str], folder: Path) -> Any:
        from dbt.cli.main import dbtRunner

        runner = dbtRunner(manifest=self._manifest, callbacks=[self._adjust, self._callback])
        return runner.invoke([*words, *self._common_words(folder)])

    def _adjust(self, message: Any) -> None:
        """Set what dbt offers no option for, once its flags are there; hold back nodes.

        After a failure dbt still begins the nodes that it has handed to its threads before. What
        is raised on this event, the last one before a node's work, becomes the node's result
        (`call_runner` of dbt/task/runnable.py, dbt-core 1.11).
        """
        if message.info.name == "LogStartLine" and self._cancelling.is_set():
            msg = "cancelled before it was begun"
            raise DbtError(msg)
        if message.info.name == "MainReportArgs":
            flags = import_module("dbt.flags").get_flags()
            object.__setattr__(flags, "skip_nodes_if_on_run_start_fails", True)
            if self._cancelling.is_set():
                object.__setattr__(flags, "FAIL_FAST", True)

    def _common_words(self, folder: Path) -> list[str]:
        options = self._options
        words = [
            "--quiet",
            "--log-level=none",
            f"--log-level-file={'debug' if options.log_level == 'debug' else 'info'}",
            f"--log-path={options.workspace / 'logs'}",
            f"--project-dir={options.project}",
            f"--profiles-dir={self._profiles_dir}",
            f"--target={options.connection.target}",
            f"--target-path={folder}",
            f"--threads={options.threads}",
            f"--vars={json.dumps(options.variables, ensure_ascii=False)}",
            "--no-send-anonymous-usage-stats",
            "--no-use-colors-file",
            "--fail-fast" if options.fail_fast else "--no-fail-fast",
        ]
        if options.warnings_are_errors:
            choice = {"error": "all", "warn": _RUN_END_WARNINGS}
            words.append(f"--warn-error-options={json.dumps(choice)}")
        return words

    def _words(self, command: Command) -> list[str]:
        words = command.name.split()
        if command.macro:
            words += [command.macro, f"--args={json.dumps(dict(command.arguments or {}))}"]
            return words
        for option in ("select", "exclude", "selector"):
            value = getattr(command, option)
            if value:
                words.append(f"--{option}={value}")
        if command.full_refresh:
            words.append("--full-refresh")
        return words + self._state_words(command)

    def _state_words(self, command: Command) -> list[str]:
        options = self._options
        if not options.state or not (command.needs_state or options.defer):
            return []
        words = [f"--state={options.state}"]
        if (command.defer or options.defer) and command.name != "source freshness":
            words.append("--defer")
            words.append("--favor-state" if options.favor_state else "--no-favor-state")
        return words

    def _flags(self, command: Command, folder: Path) -> Any:
        from dbt.cli.flags import Flags, args_to_context

        return Flags(args_to_context([*self._words(command), *self._common_words(folder)]))

    def _node(self, unique_id: str, command: Command) -> Node | None:
        manifest = self._manifest
        node = (
            manifest.nodes.get(unique_id)
            or manifest.unit_tests.get(unique_id)
            or manifest.sources.get(unique_id)
            or manifest.functions.get(unique_id)
            or manifest.saved_queries.get(unique_id)
            or manifest.exposures.get(unique_id)
        )
        if getattr(node, "is_ephemeral_model", False):
            return None
        kind = str(node.resource_type.value)
        place = None
        relation = None
        if _writes(node, kind, command):
            place = (str(node.database), str(node.schema))
            relation = ".".join((*place, str(node.alias)))
        return Node(unique_id, kind, node.name, node.original_file_path, relation, place)

    def _operation(self, macro: str) -> Node:
        package, _, name = macro.rpartition(".")
        project = _adapter().config.project_name
        found = self._manifest.find_macro_by_name(name, project, package or None)
        if found is None:
            msg = f"run-operation: the project has no macro {macro}"
            raise DbtError(msg)
        return Node(found.unique_id, "operation", name, found.original_file_path)


def _writes(node: Any, kind: str, command: Command) -> bool:
    if command.name not in {"build", "run", "seed", "snapshot", "test"}:
        return False
    if kind == "test":
        return bool(node.config.store_failures)
    return kind in {"model", "seed", "snapshot", "function"}


def _import_dbt() -> None:
    """Import dbt; without the garbage collector, which costs a fifth of it and finds nothing."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        import_module("dbt.cli.main")
        import_module("dbt.adapters.factory")
        import_module("dbt.env_vars")
    finally:
        if collecting:
            gc.enable()


def _disconnect() -> None:
    """Close all connections; dbt-duckdb else holds its file as long as the process lives."""
    for adapter in import_module("dbt.adapters.factory").FACTORY.adapters.values():
        adapter.cleanup_connections()
        close_all = getattr(adapter.connections, "close_all_connections", None)
        if close_all:
            close_all()


def _adapter() -> Any:
    from dbt.adapters.factory import FACTORY

    return next(iter(FACTORY.adapters.values()))


def _as_error(error: BaseException | None) -> BaseException:
    """What to raise for an exception that dbt returned instead of raising it."""
    if error is None:
        return DbtError("dbt stopped without a result")
    if isinstance(error, Exception):
        return DbtError(str(error).strip() or type(error).__name__)
    return error
