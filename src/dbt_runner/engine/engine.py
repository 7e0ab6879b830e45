"""dbt 1.11 behind a narrow interface: parse, plan, execute, cancel."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dbt_runner.engine import adapters, databricks, environment, serving
from dbt_runner.engine.collector import Collector
from dbt_runner.engine.events import (
    GREEN,
    CredentialsFixed,
    Event,
    NodeFinished,
    NodeStarted,
    Patched,
)
from dbt_runner.engine.fingerprint import digests, fingerprint
from dbt_runner.engine.importing import imported
from dbt_runner.engine.options import Options
from dbt_runner.engine.patches.gate import Verdict, applied
from dbt_runner.engine.patches.listed import PATCHES
from dbt_runner.engine.plan import (
    Node,
    behind,
    ends_with_hooks,
    missing,
    operation,
    selected,
    sources,
    written,
)
from dbt_runner.engine.serving import Serving
from dbt_runner.engine.translation import Callback, Listener, node_result
from dbt_runner.errors import BusyError, DbtError
from dbt_runner.run_types import Command
from dbt_runner.warehouse.connection import Login

BEHAVIOUR = (
    # else models run after a failed on-run-start
    "skip_nodes_if_on_run_start_fails",
    # Else what hangs on the target counts as modified in every other target. Read while parsing
    # (`dbt/parser/base.py`, `dbt/context/`, dbt-core 1.11), so a saved parse hangs on it, which
    # dbt's own check of a saved parse does not know.
    "state_modified_compare_more_unrendered_values",
)
"""Flags of dbt that are on in every run, whatever the project says of them."""

_ADJUSTED_ON = frozenset({"LogStartLine", "NewConnection", "ConcurrencyLine", "MainReportArgs"})

_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Outcome:
    """What a command left.

    Attributes:
        results: the last word on each node, hooks included.
        fault: why dbt stopped, where it is no node's fault.
    """

    results: tuple[NodeFinished, ...] = ()
    fault: BaseException | None = None


class Engine:
    """dbt for the length of one run. All calls but `cancel` come from one thread."""

    def __init__(self, options: Options, listener: Callable[[Event], None]) -> None:
        self._options = options
        self._listener = listener
        self._callback = Callback(listener)
        self._manifest: Any = None
        self._files: dict[str, str] = {}
        self._adapter_type: str | None = None
        self._profiles_dir = options.workspace / "profiles"
        self._cancelling = threading.Event()
        self._executing = False
        self._planned: frozenset[str] = frozenset()
        self._config: Any = None
        self._handed_over: Any = None
        self._told_fixed = False
        self._collector = Collector()
        self.dropped_variables: tuple[str, ...] = ()

    @contextmanager
    def session(self, login: Callable[[], Login]) -> Iterator[None]:
        """Hold dbt for this run: its flags and adapters are global to the process.

        Args:
            login: what dbt needs to connect; asked when dbt is imported.

        Raises:
            BusyError: another run in this process holds it.
        """
        if not _one_at_a_time.acquire(blocking=False):
            msg = "another run is going on in this process; dbt runs one at a time"
            raise BusyError(msg)
        tells_errors = logging.raiseExceptions
        rest = ExitStack()
        rest.callback(_one_at_a_time.release)
        self._collector.spare()
        rest.callback(self._collector.restore)
        try:
            early = rest.enter_context(imported(patches=self._options.patches))
            self._profiles_dir = self._options.connection.write_profile(self._profiles_dir)
            found = login()
            self._config = found.config
            if found.config is not None:
                databricks.forget_session_headers()
                # a late wish to end an earlier run is no matter of this one
                databricks.go_on()
            patches = PATCHES if self._options.patches else ()
            with environment.prepared(found) as dropped, applied(patches) as verdicts:
                self._tell_of_patches([*early, *verdicts])
                self.dropped_variables = dropped
                # what cannot be written to dbt.log is no matter for standard error
                logging.raiseExceptions = False
                try:
                    yield
                finally:
                    adapters.disconnect()
        finally:
            logging.raiseExceptions = tells_errors
            rest.close()

    def parse(self, folder: Path) -> None:
        """Parse the project, building on `partial_parse.msgpack` if it lies in the folder.

        Raises:
            DbtError: the project does not parse.
        """
        words = self._options.common_words(self._profiles_dir, folder)
        outcome = self._invoke(["parse", "--no-write-json", *words])
        if outcome.exception is not None or outcome.result is None:
            raise _as_error(outcome.exception)
        self._manifest = outcome.result
        self._adapter_type = str(adapters.current().type())
        self._files = digests(self._manifest)

    def parse_baked(self, state: Serving, folder: Path) -> str | None:
        """Take a state that was made before instead of parsing; after this all is as after `parse`.

        dbt's own `parse` is called with the manifest, and then sets up all but the manifest. What
        it says of the run is compared with what the state was filled in with.

        Returns:
            Why not, where nothing was done: the project is then to be parsed.
        """
        try:
            manifest = serving.load(state.data, state.place)
            words = self._options.common_words(self._profiles_dir, folder)
            outcome = self._invoke(["parse", "--no-write-json", *words], manifest)
            if outcome.exception is not None or outcome.result is not manifest:
                return "dbt does not take the baked state"
            config = adapters.current().config
            why = serving.refusal(state, config) or serving.adopt(state, manifest, config)
        except serving.UnreadableState as error:
            return f"the baked state does not load: {error}"
        except Exception as error:  # noqa: BLE001 - told in the summary, and there is a way without
            return f"serving the baked state broke: {type(error).__name__}: {error}"
        if why is None:
            self._manifest = manifest
            self._adapter_type = str(adapters.current().type())
            self._files = dict(state.files)
        return why

    @property
    def manifest(self) -> Any:
        """dbt's own object for the parsed project. After `parse`."""
        return self._manifest

    def place(self) -> tuple[str, str]:
        """The (catalog, schema) of the target, as dbt resolved the profile. After `parse`."""
        credentials = adapters.current().config.credentials
        return str(credentials.database), str(credentials.schema)

    def fingerprint(self) -> dict[str, dict[str, str]]:
        """Digests of all that decides what the parsed project does. After `parse`."""
        selectors = adapters.current().config.manifest_selectors
        return fingerprint(
            self._manifest, self._files, selectors, self._options.variables, self.versions()
        )

    def write_manifest(self, folder: Path) -> None:
        """Write `manifest.json` as a command would. After `parse`."""
        folder.mkdir(parents=True, exist_ok=True)
        self._manifest.write(str(folder / "manifest.json"))

    def database(self) -> tuple[str, str | None]:
        """The kind of database, such as `duckdb`, and its file where it is one. After `parse`."""
        credentials = adapters.current().config.credentials
        return str(credentials.type), getattr(credentials, "path", None)

    def host(self) -> str | None:
        """The host of the database, where it has one. After `parse`."""
        return getattr(adapters.current().config.credentials, "host", None)

    def plan(self, command: Command, folder: Path) -> tuple[Node, ...]:
        """The nodes that a command would execute. After `parse`.

        Raises:
            DbtError: dbt does not understand the selection.
        """
        from dbt.cli.flags import Flags, args_to_context
        from dbt_common.exceptions import DbtBaseException

        config = adapters.current().config
        if command.macro:
            return (operation(self._manifest, command.macro, config.project_name),)
        try:
            flags = Flags(args_to_context(self._words(command, folder)))
            return selected(command, flags, config, self._manifest)
        except DbtBaseException as error:
            raise _as_error(error) from error

    def behind(self, unique_ids: Iterable[str]) -> frozenset[str]:
        """Nodes that dbt skips when these fail. After `parse`."""
        return behind(self._manifest, unique_ids)

    def missing(self, unique_ids: Iterable[str]) -> frozenset[str]:
        """Those of some nodes and macros that are not there, or disabled. After `parse`."""
        return missing(self._manifest, unique_ids)

    def ends_with_hooks(self) -> bool:
        """Whether the project or a package has an `on-run-end`. After `parse`."""
        return ends_with_hooks(self._manifest)

    def written(self) -> tuple[Node, ...]:
        """Every node of the project that a build would write. After `parse`."""
        return written(self._manifest)

    def sources(self) -> frozenset[str]:
        """What the project reads as sources, `catalog.schema.name`, lower case. After `parse`."""
        return sources(self._manifest)

    def drop(
        self,
        schemas: Iterable[tuple[str, str]],
        names: frozenset[str],
        dropped: Callable[[str], None],
    ) -> None:
        """Drop relations, those that are there, until the run is cancelled. After `parse`.

        Args:
            schemas: (catalog, schema) of where to look.
            names: of the relations, `catalog.schema.name` in lower case.
            dropped: told about each.

        Raises:
            DbtError: a schema cannot be looked at, or a relation not be dropped.
        """
        from dbt_common.exceptions import DbtBaseException

        self._hand_over()
        self._executing = True
        try:
            for name in adapters.drop(schemas, names, self._cancelling.is_set):
                dropped(name)
        except DbtBaseException as error:
            if not self._cancelling.is_set():
                msg = f"prune: {_as_error(error)}"
                raise DbtError(msg) from error
        finally:
            self._executing = False

    def execute(
        self, command: Command, folder: Path, planned: frozenset[str] = frozenset()
    ) -> Outcome:
        """Run a command, its artifacts in the folder. After `parse`.

        Args:
            planned: nodes that belong to the command, though other rounds of it or other attempts
                execute them: with `favor_state` they are not read from there.
        """
        self._planned = planned
        self._collector.settle()
        if command.macro:
            # dbt tells about nodes only
            self._listener(NodeStarted(self.plan(command, folder)[0].unique_id))
        self._executing = True
        try:
            outcome = self._invoke(self._words(command, folder))
        finally:
            self._executing = False
        found = getattr(outcome.result, "results", None) or ()
        results = tuple(r for result in found if (r := node_result(result, folder)) is not None)
        if command.macro and not outcome.success:
            results = tuple(replace(r, message=self._callback.operation_error) for r in results)
        if outcome.exception is not None:
            return Outcome(results, _as_error(outcome.exception))
        if not outcome.success and all(result.status in GREEN for result in results):
            return Outcome(results, DbtError(f"dbt says that {command} failed, but not of what"))
        return Outcome(results)

    def cancel(self) -> None:
        """Cancel open queries and have dbt start no other node. Call it until dbt returns.

        May be called from any thread, before dbt is imported too: there are no queries then.
        """
        self._cancelling.set()
        if not self._executing:
            return
        flags = import_module("dbt.flags")
        # a node that fails then ends the run, as with --fail-fast, and all nodes get a result
        object.__setattr__(flags.get_flags(), "FAIL_FAST", True)
        adapters.cancel_queries()

    def versions(self) -> dict[str, str]:
        """Versions of dbt and, after `parse`, of the adapter in use."""
        found = {"dbt_core": version("dbt-core")}
        if self._adapter_type:
            name = f"dbt-{self._adapter_type}"
            found["adapter"] = f"{name} {version(name)}"
        return found

    def _words(self, command: Command, folder: Path) -> list[str]:
        options = self._options
        return [
            *options.command_words(command),
            *options.common_words(self._profiles_dir, folder),
        ]

    def _invoke(self, words: list[str], manifest: Any = None) -> Any:
        from dbt.cli.main import dbtRunner

        runner = dbtRunner(
            manifest=manifest or self._manifest,
            callbacks=[Listener(self._adjust, _ADJUSTED_ON), self._callback],
        )
        outcome = runner.invoke(words)
        if self._callback.fault:
            raise self._callback.fault
        return outcome

    def _hand_over(self) -> None:
        """Have an adapter that dbt has just made take its headers from our credentials."""
        adapter = adapters.current() if self._config is not None else None
        if adapter is None or adapter is self._handed_over:
            return
        self._handed_over = adapter
        reason = databricks.hand_over(adapter, self._config)
        if reason and not self._told_fixed:
            self._told_fixed = True
            self._listener(CredentialsFixed(reason))

    def _tell_of_patches(self, verdicts: Iterable[Verdict]) -> None:
        refused = {each.patch: each.refused for each in verdicts if each.refused is not None}
        names = tuple(each.patch for each in verdicts if each.refused is None)
        self._listener(Patched(names, refused))

    def _adjust(self, message: Any) -> None:
        """Set what dbt offers no option for, once its flags are there; hold back nodes.

        After a failure dbt still begins the nodes that it has handed to its threads before. What
        is raised on this event, the last one before a node's work, becomes the node's result
        (`call_runner` of dbt/task/runnable.py, dbt-core 1.11).
        """
        if message.info.name == "LogStartLine" and self._cancelling.is_set():
            msg = "cancelled before it was begun"
            raise DbtError(msg)
        if message.info.name == "NewConnection":
            # dbt makes an adapter for each invocation, and connects after this event
            self._hand_over()
        if message.info.name == "ConcurrencyLine":
            # between the selection and the first hook or node that looks at it
            resources = import_module("dbt.selected_resources")
            resources.set_selected_resources({*resources.SELECTED_RESOURCES, *self._planned})
        if message.info.name == "MainReportArgs":
            flags = import_module("dbt.flags").get_flags()
            for name in BEHAVIOUR:
                object.__setattr__(flags, name, True)
            if self._cancelling.is_set():
                object.__setattr__(flags, "FAIL_FAST", True)


def _as_error(error: BaseException | None) -> BaseException:
    """What to raise for an exception that dbt returned instead of raising it.

    Its own kinds become ours; others, such as a full disk's, stay as they are.
    """
    from dbt_common.exceptions import DbtBaseException

    if error is None:
        return DbtError("dbt stopped without a result")
    if isinstance(error, DbtBaseException):
        return DbtError(str(error).strip() or type(error).__name__)
    return error
