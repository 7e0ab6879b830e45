"""A time limit for the login of databricks-sdk, which has none and offers no way to set one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import requests
from databricks.sdk import config, credentials_provider, oauth, oidc_token_supplier
from databricks.sdk._base_client import _BaseClient
from databricks.sdk.clock import RealClock

from dbt_runner.errors import TransientError


class Deadline(RealClock):
    """How long a login may still take; a pause ends with it."""

    def __init__(self, seconds: float) -> None:
        self._least = seconds / 10
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds, never none at all."""
        return max(self._least, self._end - time.monotonic())

    def sleep(self, seconds: float) -> None:
        """Pause, but not beyond the end."""
        super().sleep(max(0, min(seconds, self._end - time.monotonic())))

    def client(self) -> _BaseClient:
        """Asks again until the time is over."""
        # the SDK says int, and takes any number
        left: Any = self.left
        return _BaseClient(retry_timeout_seconds=left, http_timeout_seconds=left, clock=self)

    def request(self, method: str, *args: Any, **options: Any) -> requests.Response:
        """Ask once, as `requests` does.

        Raises:
            TransientError: the host is overloaded or broken; the SDK would forget the status.
        """
        response: requests.Response = getattr(requests, method)(
            *args, **{"timeout": self.left, **options}
        )
        if response.status_code == 429 or response.status_code >= 500:
            said = f"{response.status_code} {response.reason}"
            msg = f"host: {urlsplit(response.url).netloc} cannot serve the login now: {said}"
            raise TransientError(msg)
        return response


@contextmanager
def bounded(deadline: Deadline, faults: list[Exception]) -> Iterator[None]:
    """Give all that the SDK asks for, to log in, one time limit.

    Its modules ask `requests` without a timeout, and a host about itself for up to five minutes,
    whatever `Config` is told (databricks-sdk 0.117: `oauth.py`, `config.py`,
    `credentials_provider.py`, `oidc_token_supplier.py`). So what they ask with is replaced for a
    while; only logins use it, not the clients of other threads.

    Args:
        deadline: for everything inside.
        faults: gets what asking the host about itself failed of; the SDK goes on without.
    """

    def get_host_metadata(host: str) -> Any:
        try:
            return oauth.get_host_metadata(host, deadline.client())
        except ValueError as error:
            faults.append(error)
            raise

    def get_endpoints_from_url(url: str) -> Any:
        return oauth.get_endpoints_from_url(url, deadline.client())

    def verb(name: str) -> Callable[..., requests.Response]:
        return lambda *args, **options: deadline.request(name, *args, **options)

    http = SimpleNamespace(**{**vars(requests), "get": verb("get"), "post": verb("post")})
    ways: list[tuple[Any, str, Any]] = [
        (config, "get_host_metadata", get_host_metadata),
        (config, "get_endpoints_from_url", get_endpoints_from_url),
        (config, "requests", http),
        (credentials_provider, "requests", http),
        (oauth, "requests", http),
        (oidc_token_supplier, "requests", http),
    ]
    before = [(module, name, getattr(module, name)) for module, name, _ in ways]
    try:
        for module, name, way in ways:
            setattr(module, name, way)
        yield
    finally:
        for module, name, way in before:
            setattr(module, name, way)
