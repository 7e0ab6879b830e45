"""Requests to the workspace: what is tried again, for how long, and what a failure is called."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest.mock import create_autospec

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.config import Config
from databricks.sdk.errors import (
    DatabricksError,
    DeadlineExceeded,
    InternalError,
    NotFound,
    PermissionDenied,
    TemporarilyUnavailable,
    TooManyRequests,
    Unauthenticated,
)
from databricks.sdk.errors.private_link import PrivateLinkValidationError
from databricks.sdk.service.iam import ComplexValue, User

from dbt_runner.errors import RunnerError, TransientError
from dbt_runner.warehouse.refusals import Forbidden, Missing, NoAnswer, OutOfScope, Refused, failure
from dbt_runner.warehouse.rest_api import RestApi, single_attempts
from dbt_runner.warehouse.sql_warehouse import Warehouse
from dbt_runner.warehouse.start import Start

HOST = "acme.cloud.databricks.com"
TOKEN = "dapi" + "0" * 32


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.cancelled_at = float("inf")

    def api(self, ws: Any, host: str = HOST) -> RestApi:
        """A workspace under this clock."""
        return RestApi(
            ws,
            host,
            lambda: self.now >= self.cancelled_at,
            auth_type="oauth-m2m",
            clock=lambda: self.now,
            sleep=self.sleep,
        )

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    """A clock at zero."""
    return Clock()


def flaky(error: Exception, times: int | None = None) -> Callable[[Any], str]:
    """A request that fails some times, or always."""
    failures = iter(range(times)) if times is not None else iter(int, 1)

    def call(_ws: Any) -> str:
        for _ in failures:
            raise error
        return "answer"

    return call


# Names of failures


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        pytest.param(
            Unauthenticated("Credential was not sent. Config: host=x, token=***. Env: TOKEN"),
            Refused,
            "refused the credentials (oauth-m2m): Credential was not sent; renew them",
            id="401",
        ),
        pytest.param(
            PermissionDenied("Invalid access token."),
            Refused,
            "refused the credentials (oauth-m2m): Invalid access token; renew them",
            id="403-token",
        ),
        pytest.param(PermissionDenied("No grant."), Forbidden, "No grant", id="403-grant"),
        pytest.param(
            PermissionDenied("Provided OAuth token does not have required scopes: sql"),
            OutOfScope,
            "required scopes: sql; widen the token's scopes",
            id="403-scope",
        ),
        pytest.param(
            PermissionDenied("Source IP address: 10.0.0.1 is blocked by Databricks IP ACL"),
            Refused,
            "refused the request: Source IP address",
            id="403-address",
        ),
        pytest.param(
            PrivateLinkValidationError("has AWS PrivateLink enabled and is not accessible"),
            Refused,
            "refused the request: has AWS PrivateLink",
            id="private-link",
        ),
        pytest.param(NotFound("No such thing."), Missing, "No such thing", id="404"),
        pytest.param(TooManyRequests("slow down"), TransientError, "slow down", id="429"),
        pytest.param(InternalError("oops"), TransientError, "cannot serve requests now", id="500"),
        pytest.param(
            DatabricksError("x", error_code="BAD_GATEWAY"), TransientError, ": x;", id="502"
        ),
        pytest.param(DatabricksError("Bad Gateway"), TransientError, "Bad Gateway", id="502-empty"),
        pytest.param(TemporarilyUnavailable("later"), TransientError, "run again later", id="503"),
        pytest.param(DeadlineExceeded("too slow"), TransientError, "too slow", id="504"),
        pytest.param(
            DatabricksError("teapot\nis short"), Refused, "request: teapot is short", id="418"
        ),
        pytest.param(
            ConnectionResetError("reset by peer"), NoAnswer, "does not answer: reset", id="reset"
        ),
        pytest.param(TimeoutError(), NoAnswer, "does not answer: TimeoutError;", id="wordless"),
        pytest.param(
            OSError("SSLError(... CERTIFICATE_VERIFY_FAILED ...)"),
            Refused,
            "certificate of acme.cloud.databricks.com is not trusted",
            id="certificate",
        ),
        pytest.param(
            OSError(f"header Bearer {TOKEN} is odd"), NoAnswer, "Bearer ***** is odd", id="secret"
        ),
        pytest.param(OSError("x" * 5000), NoAnswer, "xxx...", id="long"),
    ],
)
def test_failure_has_a_kind_and_one_line(
    error: Exception, kind: type[RunnerError], words: str
) -> None:
    """Waiting helps or it does not, which the exit code says; the line is short and discreet."""
    found = failure(error, HOST, "oauth-m2m")
    assert type(found) is kind
    assert words in str(found)
    assert "\n" not in str(found)
    assert len(str(found)) < 500
    assert found.exit_code == (5 if isinstance(found, TransientError) else 2)


# Patience


@pytest.mark.parametrize(
    ("error", "times", "seconds"),
    [
        pytest.param(TemporarilyUnavailable("x"), 3, 7, id="backoff"),
        pytest.param(TooManyRequests("x", retry_after_secs=9), 2, 18, id="retry-after"),
        pytest.param(ConnectionError("x"), 2, 3, id="network"),
        pytest.param(InternalError("x"), 0, 0, id="none"),
    ],
)
def test_what_may_pass_is_tried_again(
    clock: Clock, error: Exception, times: int, seconds: float
) -> None:
    """With pauses that grow, or that the host asks for."""
    assert clock.api(None).ask(flaky(error, times)) == "answer"
    assert clock.now == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        pytest.param(TemporarilyUnavailable("x", retry_after_secs=3600), 30, id="retry-after"),
        pytest.param(InternalError("x"), 30, id="broken"),
        pytest.param(ConnectionError("x"), 10, id="never-reached"),
        pytest.param(NotFound("x"), 0, id="not-found"),
    ],
)
def test_patience_ends(clock: Clock, error: Exception, seconds: float) -> None:
    """No failure holds a run longer than it is worth, whatever the host asks for."""
    with pytest.raises(RunnerError) as caught:
        clock.api(None).ask(flaky(error))
    assert clock.now == pytest.approx(seconds)
    assert caught.value.__cause__ is error


def test_host_that_answered_once_gets_more_patience(clock: Clock) -> None:
    """A network that breaks later is given the time to come back."""
    api = clock.api(None)
    api.ask(lambda _: None)
    with pytest.raises(NoAnswer):
        api.ask(flaky(ConnectionError("x")))
    assert clock.now == pytest.approx(30)


def test_cancelled_run_asks_no_more(clock: Clock) -> None:
    """A pause ends with the run."""
    clock.cancelled_at = 4
    with pytest.raises(TransientError):
        clock.api(None).ask(flaky(InternalError("x")))
    assert 4 <= clock.now < 4.5


def test_fault_of_our_own_is_not_hidden(clock: Clock) -> None:
    """What is no failure of the host or the network comes through as it is."""
    with pytest.raises(AttributeError):
        clock.api(object()).ask(lambda ws: ws.warehouses)


def test_principal_is_asked_for_once(clock: Clock) -> None:
    """Its name serves every message, and its groups every question of grants."""
    ws = create_autospec(WorkspaceClient)
    groups = [ComplexValue(display="Eng"), ComplexValue()]
    ws.current_user.me.return_value = User(user_name="Ann@acme.com", groups=groups)
    api = clock.api(ws)
    assert api.principal == "Ann@acme.com"
    assert api.identities == {"ann@acme.com", "account users", "eng"}
    ws.current_user.me.assert_called_once_with()


# The real client against a server


class Server(ThreadingHTTPServer):
    """A host that answers from a script; then, and to what it does not know, with 404."""

    daemon_threads = True

    def __init__(self, *script: tuple[int, Any, dict[str, str]] | None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script = list(script)
        self.asked: list[str] = []
        self.released = threading.Event()

    @property
    def url(self) -> str:
        """The host for a client."""
        return f"http://127.0.0.1:{self.server_port}"

    def client(self, timeout: float = 5) -> WorkspaceClient:
        """A real client for this host, configured as preflight needs it."""
        config = Config(
            host=self.url,
            token=TOKEN,
            auth_type="pat",
            http_timeout_seconds=timeout,
            retry_timeout_seconds=1,
            clock=single_attempts(),
        )
        return WorkspaceClient(config=config)


class Handler(BaseHTTPRequestHandler):
    """Answers from the server's script."""

    server: Server

    def do_GET(self) -> None:
        """Answer; `None` in the script keeps the caller waiting."""
        status, body, headers = 404, {"message": "nothing here"}, {}
        if self.path.startswith("/api/"):
            self.server.asked.append(self.path)
            if self.server.script:
                answer = self.server.script.pop(0)
                if answer is None:
                    self.server.released.wait(10)
                    return
                status, body, headers = answer
        text = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(text))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(*script: tuple[int, Any, dict[str, str]] | None) -> Iterator[Server]:
    """A server for a while."""
    with Server(*script) as server:
        # its end is looked for often, so that the test is not held up
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            thread.join()


RUNNING = (200, {"id": "abc", "name": "Reports", "state": "RUNNING"}, {})


def request(clock: Clock, server: Server) -> list[str]:
    """Look at the warehouse `abc` through the real client; the events told."""
    told: list[str] = []
    warehouse = Warehouse("/sql/1.0/warehouses/abc", "abc")
    api = clock.api(server.client())
    Start(api, warehouse, lambda event, **_: told.append(event)).request()
    return told


@pytest.mark.parametrize(
    "first",
    [
        pytest.param((503, {"message": "later"}, {"Retry-After": "20"}), id="503-retry-after"),
        pytest.param((429, {"message": "slow down"}, {}), id="429"),
        pytest.param((502, "<html><title>502 Bad Gateway</title></html>", {}), id="502-html"),
        pytest.param((502, "upstream\ngone", {}), id="502-text"),
        pytest.param((503, "", {}), id="503-empty"),
    ],
)
def test_real_client_rides_out_an_outage(clock: Clock, first: tuple[int, Any, Any]) -> None:
    """One request of the SDK per attempt of ours, and every pause is ours."""
    with serving(first, RUNNING) as server:
        assert request(clock, server) == []
    assert server.asked == ["/api/2.0/sql/warehouses/abc"] * 2
    assert clock.now == pytest.approx(20 if "Retry-After" in first[2] else 1)


@pytest.mark.parametrize(
    ("answer", "exit_code", "words"),
    [
        pytest.param(
            (404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "No abc."}, {}),
            2,
            "warehouse: abc does not exist on acme.cloud.databricks.com: No abc; `databricks",
            id="404",
        ),
        pytest.param(
            (403, {"error_code": "PERMISSION_DENIED", "message": "Not yours."}, {}),
            2,
            "warehouse: abc may not be used by <you>: Not yours; grant CAN USE",
            id="403",
        ),
        pytest.param(
            (401, {"message": "Who are you?"}, {}),
            2,
            "host: acme.cloud.databricks.com refused the credentials (oauth-m2m): Who are you?;",
            id="401",
        ),
        pytest.param(
            (400, "<html>sorry\nno</html>", {}),
            2,
            "host: acme.cloud.databricks.com refused the request: 400 Bad Request",
            id="unreadable",
        ),
        pytest.param(
            (200, "<html>log in</html>", {}), 2, "does not answer as a workspace does", id="portal"
        ),
    ],
)
def test_real_client_is_refused(
    clock: Clock, answer: tuple[int, Any, Any], exit_code: int, words: str
) -> None:
    """What the real client makes of an answer ends in one line, without the token."""
    with serving(answer) as server, pytest.raises(RunnerError) as caught:
        request(clock, server)
    assert caught.value.exit_code == exit_code
    assert words in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert clock.now == 0


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("silent", "Read timed out"), ("gone", "Failed to establish a new connection: [Errno ")],
)
def test_real_client_without_a_host(clock: Clock, kind: str, reason: str) -> None:
    """A host that keeps silent, or is not there, is given up after ten seconds of pauses."""
    with serving(*[None] * 20) as server:
        client = server.client(0.05)
        if kind == "gone":
            with socket.create_server(("127.0.0.1", 0)) as closed:
                port = closed.getsockname()[1]
            client.config.host = f"http://127.0.0.1:{port}"
        with pytest.raises(NoAnswer) as caught:
            clock.api(client).ask(lambda ws: ws.warehouses.get("abc"))
    assert str(caught.value).startswith(f"host: {HOST} does not answer: {reason}")
    assert caught.value.exit_code == 5
    assert clock.now == pytest.approx(10)
    assert len(server.asked) == (0 if kind == "gone" else 5)
