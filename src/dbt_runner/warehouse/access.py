"""The way into a warehouse, made ready while dbt is imported and the project parsed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dbt_runner.errors import RunnerError
from dbt_runner.warehouse import attribution, databricks
from dbt_runner.warehouse.connection import Connection, Login

if TYPE_CHECKING:
    from dbt_runner.warehouse.credentials import Credentials
    from dbt_runner.warehouse.preflight import Preflight
    from dbt_runner.warehouse.sql_warehouse import Warehouse


class Access:
    """How one run gets into its warehouse. For a target without an address there is nothing to do.

    `open` and `tick` belong to the entering thread, which alone makes and renews credentials.

    Args:
        ids: what identifies the run.
        in_job: no browser, and the workspace is the job's own.
        cancelled: whether the run is to end.
        notice: told what goes on.

    Attributes:
        connected: set when `login` is known, or `fault`.
        ready: set when dbt may send statements, or `fault` is known.
        fault: why there is no way in.
    """

    def __init__(
        self,
        connection: Connection,
        ids: Mapping[str, str],
        *,
        in_job: bool,
        cancelled: Callable[[], bool],
        notice: Callable[..., None],
    ) -> None:
        self._connection = connection
        self._ids = ids
        self._in_job = in_job
        self._cancelled = cancelled
        self._notice = notice
        self._credentials: Credentials | None = None
        self._preflight: Preflight | None = None
        self._fixed = False
        self.connected = threading.Event()
        self.ready = threading.Event()
        self.fault: BaseException | None = None
        self.login = Login({**connection.environment, **attribution.in_artifacts(ids)})
        if connection.address is None:
            self.connected.set()
            self.ready.set()

    @property
    def secrets(self) -> frozenset[str]:
        """What must not be told."""
        found = {value for name, value in self.login.environment.items() if _is_secret(name)}
        return frozenset(found) | (self._credentials.secrets if self._credentials else frozenset())

    @property
    def host(self) -> str | None:
        """The workspace's host, once it is known."""
        return self._credentials.host if self._credentials else None

    def open(self) -> None:
        """Make credentials, and have all else made ready in a thread; takes 10 s or so at most."""
        address = self._connection.address
        if address is None:
            return
        from dbt_runner.warehouse.credentials import Credentials

        try:
            self._credentials = Credentials(address.host, in_job=self._in_job)
        except RunnerError as error:
            self._fail(error)
            return
        ignored = ", ".join(self._credentials.ignored)
        facts = {"host": self._credentials.host, "auth_type": self._credentials.auth_type}
        self._notice("credentials.found", **facts, **({"ignored": ignored} if ignored else {}))
        threading.Thread(target=self._make_ready, name="warehouse", daemon=True).start()

    def tick(self) -> None:
        """Renew the credentials if they are due."""
        if self._credentials is None:
            return
        problem = self._credentials.renew()
        if problem:
            self._notice("credentials.not_renewed", level="warning", reason=problem)
        expiry = self._credentials.expires_at
        if self._fixed and expiry is not None and time.time() > expiry:
            self._fixed = False
            reason = "the run outlives its token; statements from now on may be refused"
            self._notice("credentials.expired", level="warning", reason=reason)

    def fix(self, reason: str) -> None:
        """Note that the adapter cannot renew: it keeps the token that it was given."""
        expiry = self._credentials.expires_at if self._credentials else None
        until = datetime.fromtimestamp(expiry, UTC).isoformat() if expiry else "unknown"
        self._notice("credentials.fixed", level="warning", reason=reason, expires_at=until)
        self._fixed = True

    def check_schemas(self, schemas: set[tuple[str, str]]) -> None:
        """Look at the schemas that the plan writes.

        Raises:
            RunnerError: one of them cannot be written.
        """
        if self._preflight:
            self._preflight.check_schemas(sorted(schemas))

    def _make_ready(self) -> None:
        try:
            self._look()
        except BaseException as error:  # noqa: BLE001 - raised again in dbt's thread
            self.fault = error
        finally:
            self.connected.set()
            self.ready.set()

    def _look(self) -> None:
        from databricks.sdk import WorkspaceClient

        from dbt_runner.warehouse import sql_warehouse
        from dbt_runner.warehouse.preflight import Preflight
        from dbt_runner.warehouse.rest_api import HTTP_TIMEOUT, RestApi, single_attempts

        credentials, address = self._credentials, self._connection.address
        if credentials is None or address is None:
            return
        config = credentials.reader(
            http_timeout_seconds=HTTP_TIMEOUT, retry_timeout_seconds=1, clock=single_attempts()
        )
        ws = WorkspaceClient(config=config)
        api = RestApi(ws, credentials.host, self._cancelled, auth_type=credentials.auth_type)
        warehouse = sql_warehouse.find(api, address)
        self._log_in(credentials, warehouse)
        self.connected.set()
        self._preflight = Preflight(api, warehouse, self._notice)
        catalog, schema = self._connection.catalog, self._connection.target_schema
        if catalog and schema:
            self._preflight.check(catalog, schema)
        # imports the connector, which dbt is going to need
        from dbt_runner.warehouse.statements import take_over

        reason = take_over()
        if reason:
            self._notice("statements.may_repeat", level="warning", reason=reason)

    def _log_in(self, credentials: Credentials, warehouse: Warehouse) -> None:
        environment = {
            **self.login.environment,
            databricks.HOST: credentials.host,
            databricks.HTTP_PATH: warehouse.http_path,
            databricks.TOKEN: credentials.token,
            databricks.QUERY_TAGS: attribution.query_tags(self._ids),
        }
        headers = attribution.session_headers(self._ids)
        if headers:
            environment[attribution.SESSION_HEADERS] = headers
        hidden = credentials.hidden_variables
        self.login = Login(environment, hidden=hidden, config=credentials.config)

    def _fail(self, error: BaseException) -> None:
        self.fault = error
        self.connected.set()
        self.ready.set()


def _is_secret(name: str) -> bool:
    return name.startswith("DBT_ENV_SECRET_")
