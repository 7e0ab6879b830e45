"""Statements on their way to a warehouse: sent once, and cancelled when the run is to end."""

from __future__ import annotations

import re
import threading
from importlib.metadata import version
from typing import Any

import databricks.sql.client  # noqa: F401 - some of its modules only load after this one
from databricks.sql.auth import thrift_http_client
from databricks.sql.auth.retry import CommandType, DatabricksRetryPolicy
from databricks.sql.thrift_api.TCLIService import TCLIService, ttypes
from urllib3.exceptions import HTTPError

_ADDS_ROWS = re.compile(
    r"""\s* (?:(?:/\*.*?\*/|--[^\n]*\n)\s*)*
    (?:insert\s+into\b (?!.*?\breplace\s+(?:where|using|on)\b) | merge\b .*?\son\s+\(?false\b)""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_UNAVAILABLE = 503
_CANCELLED = "OPERATION_CANCELED"
_TIMED_OUT = "QUERY_EXECUTION_TIMEOUT_EXCEEDED"

_thread = threading.local()
_cancelling = threading.Event()

PROVEN = "4.4."
"""Versions of the connector for which this holds begin so."""


def take_over(installed: str | None = None) -> str | None:
    """Have the SQL connector send no statement twice that may have been executed, and cancel.

    Left alone, databricks-sql-connector 4.4 sends a statement again whenever its answer gets lost.
    After a broken connection or a socket's time limit urllib3 does, since POST is among the methods
    that it may repeat (`auth/retry.py`). After a 503 without Retry-After the connector itself does,
    whatever `_respect_server_retry_after_header` says: that reaches urllib3 alone
    (`backend/thrift_backend.py`, `extract_retry_delay`). Holds for the process.

    Args:
        installed: the connector's version, if it is not the installed one.

    Returns:
        Why not, where nothing was changed.
    """
    installed = installed or version("databricks-sql-connector")
    if not installed.startswith(PROVEN):
        return f"databricks-sql-connector {installed} is not known to leave the choice to others"
    vars(thrift_http_client)["DatabricksRetryPolicy"] = _Policy
    vars(TCLIService)["Client"] = _Client
    return None


def cancel() -> bool:
    """Have every statement that is at work cancelled, and no other one sent, until `go_on`.

    The thread that waits for a statement cancels it, before it next asks how it is doing. Another
    thread cannot: the connector holds a lock while it asks, and dbt-databricks 1.12 knows a
    statement only once it has ended (`handle.py`, `_safe_execute`), so that its own cancel closes
    the session and leaves the statement to the server.

    Returns:
        Whether that is in force: it is not with a connector that was not taken over.
    """
    _cancelling.set()
    return vars(TCLIService)["Client"] is _Client


def go_on() -> None:
    """Let statements be sent again: the run that was cancelled has ended."""
    _cancelling.clear()


def adds_rows(sql: str) -> bool:
    """Whether a statement, executed twice, leaves its rows twice.

    So do an INSERT that replaces nothing and a MERGE without a key, as dbt-databricks 1.12 writes
    them for `append` and for `merge` without `unique_key` (`incremental/strategies.sql`).
    """
    return bool(_ADDS_ROWS.match(sql))


class _Policy(DatabricksRetryPolicy):
    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: Any = None,
        error: Exception | None = None,
        *more: Any,
        **named: Any,
    ) -> Any:
        """Raise what broke while a statement was on its way; else count one more attempt."""
        executes = self.command_type is CommandType.EXECUTE_STATEMENT
        if error is not None and executes and not self._is_connection_error(error):
            raise error
        return super().increment(method, url, response, error, *more, **named)

    def should_retry(
        self,
        method: str,
        status_code: int,
        has_retry_after: bool = False,  # noqa: FBT001, FBT002 - as the base class has it
    ) -> tuple[bool, str]:
        """Whether to send a refused request again, and why."""
        executes = self.command_type is CommandType.EXECUTE_STATEMENT
        if executes and status_code == _UNAVAILABLE and getattr(_thread, "adds_rows", True):
            return False, "its rows may have been added already"
        return super().should_retry(method, status_code, has_retry_after)


class _Client(TCLIService.Client):
    def ExecuteStatement(self, req: Any) -> Any:  # noqa: N802 - the service's name
        """Send a statement; what the policy did not send again is not sent again by others."""
        if _cancelling.is_set():
            msg = f"[{_CANCELLED}] the run is to end, so the statement was not sent"
            raise HTTPError(msg)
        _thread.adds_rows = adds_rows(str(req.statement))
        self.send_ExecuteStatement(req)  # type: ignore[no-untyped-call]
        if self._oprot.trans.code == _UNAVAILABLE:
            msg = (
                f"{_UNAVAILABLE} Service Unavailable: the statement may have been executed, so it "
                "was not sent again"
            )
            # the one kind of error that the connector raises as it is
            raise HTTPError(msg)
        answer = self.recv_ExecuteStatement()  # type: ignore[no-untyped-call]
        direct = answer.directResults
        if direct and direct.operationStatus:
            _fail_if_cancelled(direct.operationStatus)
        return answer

    def FetchResults(self, req: Any) -> Any:  # noqa: N802 - the service's name
        """Fetch rows, unless the run is to end."""
        if _cancelling.is_set():
            msg = f"[{_CANCELLED}] the run is to end, so no more rows are fetched"
            raise HTTPError(msg)
        return super().FetchResults(req)  # type: ignore[no-untyped-call]

    def GetOperationStatus(self, req: Any) -> Any:  # noqa: N802 - the service's name
        """Ask how a statement is doing; one that was cancelled, by whomever, has failed."""
        handle = req.operationHandle
        if _cancelling.is_set():
            self.CancelOperation(ttypes.TCancelOperationReq(handle))  # type: ignore[no-untyped-call]
        answer = super().GetOperationStatus(req)  # type: ignore[no-untyped-call]
        _fail_if_cancelled(answer)
        return answer


def _fail_if_cancelled(status: Any) -> None:
    """Turn CANCELED_STATE, which the connector takes for an end with rows to fetch, into an error.

    So is TIMEDOUT_STATE (databricks-sql-connector 4.4, `backend/thrift_backend.py`,
    `_check_command_not_in_error_or_closed_state`).
    """
    ended = {
        ttypes.TOperationState.CANCELED_STATE: f"[{_CANCELLED}] the statement was cancelled",
        ttypes.TOperationState.TIMEDOUT_STATE: f"[{_TIMED_OUT}] the statement took too long",
    }.get(status.operationState)
    if ended:
        said = status.displayMessage or status.errorMessage
        status.operationState = ttypes.TOperationState.ERROR_STATE
        status.displayMessage = f"{ended}: {said}" if said else ended
