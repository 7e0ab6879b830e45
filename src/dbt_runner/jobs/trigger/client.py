"""The workspace as the client of jobs asks it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbt_runner.jobs.trigger.progress import Tell, silent
from dbt_runner.jobs.trigger.wait import Wait
from dbt_runner.warehouse.rest_api import RETRY_TIMEOUT, RestApi, single_attempts

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

    from dbt_runner.warehouse.credentials import Credentials

PATIENCE = 120
"""Seconds during which a request is made again."""

LONGEST = 60
"""Seconds after which one request is given up; a client of the SDK may repeat it meanwhile."""

_HTTP_TIMEOUT = 30


def _nothing() -> None:
    """Nothing has to be kept alive."""


@dataclass(frozen=True)
class Client:
    """Who asks, and who is told.

    Attributes:
        tell: told of progress.
        tick: called while waiting, as to renew credentials.
    """

    api: RestApi
    host: str
    tell: Tell = silent
    tick: Callable[[], object] = _nothing

    @classmethod
    def of(
        cls,
        ws: WorkspaceClient,
        tell: Tell = silent,
        tick: Callable[[], object] = _nothing,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Client:
        """For a workspace client of the SDK, however it is configured."""
        # part of what names an intent, so it is written one way
        host = str(ws.config.host or "").rstrip("/").lower()
        api = RestApi(
            ws,
            host.partition("://")[2] or host,
            lambda: False,
            auth_type=ws.config.auth_type,
            patience=PATIENCE,
            longest=LONGEST,
            clock=clock,
            sleep=sleep,
        )
        return cls(api, host, tell, tick)

    def wait(self, seconds: float | None) -> Wait:
        """A time limit from now on."""
        return Wait(self.api.clock, seconds)


def workspace(credentials: Credentials) -> WorkspaceClient:
    """A client that tries once and waits briefly, so that repeating is ours to decide."""
    from databricks.sdk import WorkspaceClient

    config = credentials.reader(
        http_timeout_seconds=_HTTP_TIMEOUT,
        retry_timeout_seconds=RETRY_TIMEOUT,
        clock=single_attempts(),
    )
    return WorkspaceClient(config=config)
