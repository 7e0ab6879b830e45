"""What the engine does for dbt-databricks alone: renewed credentials, and cancelling."""

from __future__ import annotations

import threading
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

PROVEN = "1.12."
"""Versions of the adapter that take a configuration as is done here begin so."""


def hand_over(adapter: Any, config: Any, *, installed: str | None = None) -> str | None:
    """Have an adapter take its headers from a configuration of ours, for every request.

    dbt makes an adapter anew for each invocation and only then connects: the event
    `AdapterRegistered` comes before there is one, `NewConnection` after that and before the
    connection is opened. Then the adapter makes a configuration of its own from the profile's
    token, unless it has one (dbt-databricks 1.12.7, `credentials.py`,
    `DatabricksCredentialManager._ensure_config`). Its Python models log in apart from that, with
    the token (`api_client.py`, `DatabricksApiClient`).

    Args:
        adapter: as dbt registered it.
        config: of databricks-sdk; its headers are asked for by several threads.
        installed: the adapter's version, if it is not the installed one.

    Returns:
        Why not, where nothing was changed: the profile's token then counts.
    """
    installed = installed or version("dbt-databricks")
    if not installed.startswith(PROVEN):
        return f"dbt-databricks {installed} is not known to take renewed credentials"
    try:
        manager = adapter.config.credentials.authenticate()
        kept = vars(manager)["_config"]
    except (AttributeError, KeyError, TypeError) as error:
        return f"dbt-databricks {installed} keeps its credentials elsewhere ({error})"
    vars(manager)["_config"] = config
    if getattr(manager, "config", None) is not config:
        vars(manager)["_config"] = kept
        return f"dbt-databricks {installed} does not use the credentials that it keeps"
    return None


def forget_session_headers() -> None:
    """Have the adapter read `DBT_DATABRICKS_HTTP_SESSION_HEADERS` again.

    It keeps what it read first for the life of the process, and these headers hold the ids of one
    run (dbt-databricks 1.12.7, `global_state.py`).
    """
    from dbt.adapters.databricks.global_state import GlobalState

    for name, unread in (("session_headers", None), ("session_headers_set", False)):
        setattr(GlobalState, f"_GlobalState__{name}", unread)


class Requests:
    """Requests that may hang, one at a time, in a thread that nobody waits for."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._fault: Exception | None = None

    def begin(self, request: Callable[[], None]) -> None:
        """Begin one, unless one is under way; raises what the last one ended with."""
        if self._thread and self._thread.is_alive():
            return
        fault, self._fault = self._fault, None
        self._thread = threading.Thread(target=self._make, args=(request,), daemon=True)
        self._thread.start()
        if fault:
            raise fault

    def _make(self, request: Callable[[], None]) -> None:
        try:
            request()
        except Exception as error:  # noqa: BLE001 - raised by the next `begin`
            self._fault = error


_python_runs = Requests()


def cancel(adapter: Any) -> bool:
    """Cancel what an adapter has at work on a warehouse: statements, and runs of Python models.

    Does not wait for the answer about Python models: the entering thread keeps the time.

    Returns:
        Whether it was done; if not, the adapter's own cancel is left.
    """
    from dbt.adapters.databricks.python_models.run_tracking import PythonRunTracker

    from dbt_runner.warehouse import statements

    if not statements.cancel():
        return False
    tracked = vars(PythonRunTracker)
    if tracked.get("_run_ids") or tracked.get("_commands"):
        _python_runs.begin(lambda: PythonRunTracker.cancel_runs(adapter.connections.api_client))
    return True


def go_on() -> None:
    """Let the next run of this process send statements, after this one was cancelled."""
    from dbt_runner.warehouse import statements

    statements.go_on()
