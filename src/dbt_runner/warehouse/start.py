"""The start of a sleeping SQL warehouse: asked for at once, awaited later."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dbt_runner.errors import ProjectError, RunnerError, SettingsError, TransientError
from dbt_runner.warehouse.refusals import Forbidden, Missing, OutOfScope, Refused
from dbt_runner.warehouse.rest_api import RestApi
from dbt_runner.warehouse.sql_warehouse import Warehouse

if TYPE_CHECKING:
    from databricks.sdk.service.sql import EndpointHealth, GetWarehouseResponse

DEADLINE = 15 * 60
"""Seconds that a warehouse may take to start; a classic one takes minutes."""

PROGRESS = 10
"""Seconds between two notices of a start that goes on."""

START_AGAIN = 15
"""Seconds after which a warehouse that still sleeps is asked again; at first it still says so."""

_CLIENT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Start:
    """Wakes one warehouse.

    States, and what follows which: databricks-sdk 0.117, `databricks/sdk/service/sql.py`, `State`.

    Args:
        warehouse: a cluster is neither looked at nor started.
        notice: told `warehouse.starting` now and then, and `warehouse.started`, with seconds.
        deadline: seconds from the first look.
    """

    def __init__(
        self,
        api: RestApi,
        warehouse: Warehouse,
        notice: Callable[..., None],
        *,
        deadline: float = DEADLINE,
    ) -> None:
        self._api = api
        self._warehouse = warehouse
        self._notice = notice
        self._deadline = deadline
        self._began = self._told = api.clock()
        self._asked: float | None = None
        self._seen_starting = False
        self._settled = warehouse.warehouse_id is None

    def request(self) -> None:
        """Look at the warehouse, and ask it to start if it sleeps.

        Raises:
            SettingsError: it does not exist, or is being deleted.
            ProjectError: it may not be used.
            TransientError: the host does not answer.
        """
        if self._settled:
            return
        self._began = self._told = self._api.clock()
        try:
            found = self._look()
        except OutOfScope as refusal:
            self._notice("warehouse.unchecked", level="debug", reason=str(refusal))
            self._settled = True
            return
        self._settled = self._advance(found)
        if not self._settled:
            self._notice("warehouse.starting", **self._facts(found))

    def wait(self) -> None:
        """Wait until the warehouse runs, or the run is cancelled.

        Raises:
            TransientError: it did not start in time, or failed to for a reason that may pass.
            ProjectError: it failed to start for a reason of its own configuration.
        """
        pause = 1.0
        while not self._settled:
            self._api.wait(pause)
            if self._api.cancelled():
                return
            pause = min(pause + 1, 5)
            found = self._look()
            self._settled = self._advance(found)
            if self._settled:
                self._notice("warehouse.started", **self._facts(found))
            elif self._seconds() >= self._deadline:
                raise self._too_late(found)
            elif self._api.clock() - self._told >= PROGRESS:
                self._told = self._api.clock()
                self._notice("warehouse.starting", **self._facts(found))

    def _look(self) -> GetWarehouseResponse:
        try:
            found = self._api.ask(lambda ws: ws.warehouses.get(self._id))
        except Missing as refusal:
            raise self._missing(str(refusal)) from refusal
        except Forbidden as refusal:
            raise self._forbidden(str(refusal)) from refusal
        if _state(found) in {"DELETED", "DELETING"}:
            reason = f"it is {_state(found)}"
            raise self._missing(reason)
        if found.name and self._warehouse.name is None:
            self._warehouse = Warehouse(self._warehouse.http_path, self._id, found.name)
        return found

    def _advance(self, found: GetWarehouseResponse) -> bool:
        """Do what the state asks for; whether the warehouse runs."""
        state = _state(found)
        if state == "RUNNING":
            if reason := _health(found.health):
                facts = self._facts(found)
                self._notice("warehouse.degraded", level="warning", reason=reason, **facts)
            return True
        if state == "STARTING":
            self._seen_starting = True
        elif state in {"STOPPED", "STOPPING"}:
            now, asked = self._api.clock(), self._asked
            asked_long_ago = asked is not None and now - asked >= START_AGAIN
            # before that, it may be the failure of an earlier start
            if _failed(found.health) and (self._seen_starting or asked_long_ago):
                raise self._no_start(found.health)
            if asked is None or asked_long_ago:
                self._ask_to_start(state)
        return False

    def _ask_to_start(self, state: str) -> None:
        try:
            # the returned waiter is of no use: it fails on the STOPPED of the first moments
            self._api.ask(lambda ws: ws.warehouses.start(self._id))
        except Forbidden as refusal:
            raise self._forbidden(str(refusal)) from refusal
        except Refused as refusal:
            if state == "STOPPING":
                # asked again as soon as it has stopped
                return
            msg = f"warehouse: {self._warehouse} cannot be started: {refusal}"
            raise ProjectError(msg) from refusal
        self._asked = self._api.clock()

    @property
    def _id(self) -> str:
        return self._warehouse.warehouse_id or ""

    def _seconds(self) -> float:
        return self._api.clock() - self._began

    def _facts(self, found: GetWarehouseResponse) -> dict[str, Any]:
        return {
            "warehouse": self._warehouse.name or "",
            "warehouse_id": self._id,
            "state": _state(found),
            "seconds": round(self._seconds(), 1),
        }

    def _missing(self, reason: str) -> SettingsError:
        return SettingsError(
            f"warehouse: {self._warehouse} does not exist on {self._api.host}: {reason}; "
            "`databricks warehouses list` shows those that do"
        )

    def _forbidden(self, reason: str) -> ProjectError:
        """The refusal with the grant.

        The least level that may start a warehouse and use it is CAN USE (docs.databricks.com,
        "Access control lists", SQL warehouse ACLs).
        """
        who = self._api.principal
        kind = "service_principal_name" if _CLIENT_ID.fullmatch(who) else "user_name"
        entry = f'{{"{kind}": "{who}", "permission_level": "CAN_USE"}}'
        return ProjectError(
            f"warehouse: {self._warehouse} may not be used by {who}: {reason}; grant CAN USE: "
            f"databricks warehouses update-permissions {self._id} "
            f"--json '{{\"access_control_list\": [{entry}]}}'"
        )

    def _too_late(self, found: GetWarehouseResponse) -> TransientError:
        reason = _health(found.health)
        return TransientError(
            f"warehouse: {self._warehouse} is still {_state(found)} after {self._seconds():.0f} s"
            f"{f' ({reason})' if reason else ''}; "
            "look at it under SQL Warehouses, or run again later"
        )

    def _no_start(self, health: EndpointHealth | None) -> RunnerError:
        msg = (
            f"warehouse: {self._warehouse} failed to start: {_health(health)}; "
            "look at it under SQL Warehouses"
        )
        reason = health and health.failure_reason
        own_fault = reason and reason.type and reason.type.value == "CLIENT_ERROR"
        return ProjectError(msg) if own_fault else TransientError(msg)


def _state(found: GetWarehouseResponse) -> str:
    """The state; the SDK gives none for one that it does not know."""
    return found.state.value if found.state else "in a state unknown here"


def _failed(health: EndpointHealth | None) -> bool:
    return bool(health and health.status and health.status.value == "FAILED")


def _health(health: EndpointHealth | None) -> str:
    """What ails the warehouse; empty if it is well."""
    if not health or not health.status or health.status.value == "HEALTHY":
        return ""
    reason = health.failure_reason
    code = reason.code.value if reason and reason.code else None
    said = [health.status.value, code, health.summary or health.message, health.details]
    return " ".join(": ".join(word for word in said if word).split())
