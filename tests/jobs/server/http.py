"""The HTTP server: the paths of a workspace that triggers ask, and control for the tests."""

from __future__ import annotations

import json
import re
import socket
import sys
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from jobs.server import api, control
from jobs.server.errors import Refusal
from jobs.server.faults import Fault
from jobs.server.workspace import Workspace

_JOBS = re.compile(r"/api/2\.[12]/jobs/(.+)")
_LARGEST = 10 * 1024 * 1024
"""Bytes of a request (docs: resources/limits)."""


class Server(ThreadingHTTPServer):
    """A server on a free port of loopback.

    Args:
        token: what a client has to show.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, workspace: Workspace, token: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.workspace, self.token = workspace, token
        self.requests: list[dict[str, Any]] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of a fault of the bench; a client that goes away is no news."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def serve(self) -> None:
        """Answer, or do wrong what is to be done wrong."""
        path, _, words = self.path.partition("?")
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if path.startswith("/_bench/"):
            return self._send(*self._control(path.removeprefix("/_bench/"), content))
        fault = self.server.workspace.faults.take(path)
        if fault and fault.do == "slow":
            time.sleep(fault.seconds)
        if fault and fault.do in ("drop", "status"):
            return self._fail(path, fault)
        status, answer = self._answer(path, words, content)
        if fault and fault.do == "slow_after":
            time.sleep(fault.seconds)
        if fault and fault.do in ("drop_after", "status_after"):
            return self._fail(path, fault)
        self._note(path, status)
        return self._send(status, answer)

    do_GET = do_POST = serve  # noqa: N815 - as http.server calls them

    def _answer(self, path: str, words: str, content: bytes) -> tuple[int, dict[str, Any]]:
        workspace = self.server.workspace
        if path == "/.well-known/databricks-config":
            return 200, {"oidc_endpoint": f"http://{self.headers['Host']}/oidc"}
        if self.headers.get("Authorization") != f"Bearer {self.server.token}":
            return 403, {"error_code": "PERMISSION_DENIED", "message": "Invalid access token."}
        if path == "/api/2.0/preview/scim/v2/Me":
            return 200, {"id": "1", "userName": "bench@example.com", "active": True}
        try:
            body = self._body(words, content)
            if path == "/api/2.0/pipelines" and self.command == "POST":
                number = str(uuid.uuid4())
                workspace.recorder.pipelines[number] = body
                return 200, {"pipeline_id": number}
            found = _JOBS.fullmatch(path)
            return 200, api.answer(workspace, self.command, found[1] if found else path, body)
        except Refusal as refusal:
            return refusal.status, {"error_code": refusal.code, "message": str(refusal)}

    def _body(self, words: str, content: bytes) -> dict[str, Any]:
        if self.command == "GET" and not content:
            return dict(parse_qsl(words, keep_blank_values=True))
        if len(content) > _LARGEST:
            msg = f"the request has more than {_LARGEST} bytes"
            raise Refusal(msg, "REQUEST_LIMIT_EXCEEDED", 413)
        try:
            body = json.loads(content or b"{}")
        except ValueError as error:
            msg = f"Could not parse request object: {error}"
            raise Refusal(msg, "MALFORMED_REQUEST") from None
        if not isinstance(body, dict):
            msg = "Could not parse request object: no object"
            raise Refusal(msg, "MALFORMED_REQUEST")
        if self.command == "GET":
            # the trigger of Airflow's Databricks provider 7.23 (`a_get_run_state`) asks like this
            return {name: str(value) for name, value in body.items()}
        return body

    def _control(self, path: str, content: bytes) -> tuple[int, dict[str, Any]]:
        server = self.server
        try:
            body = json.loads(content or b"{}")
            return 200, control.answer(server.workspace, server.requests, self.command, path, body)
        except Refusal as refusal:
            return refusal.status, {"error_code": refusal.code, "message": str(refusal)}

    def _note(self, path: str, status: int) -> None:
        told = {"method": self.command, "path": path, "status": status}
        self.server.requests.append(told)

    def _fail(self, path: str, fault: Fault) -> None:
        if fault.do.startswith("drop"):
            self._note(path, 0)
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._note(path, fault.status)
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        self._send(fault.status, fault.body, headers)

    def _send(
        self, status: int, content: dict[str, Any] | None, headers: dict[str, str] | None = None
    ) -> None:
        page = "<html><body><h1>Bad gateway</h1></body></html>"
        text = page if content is None else json.dumps(content)
        kind = "text/html" if content is None else "application/json"
        self.send_response(status)
        for name, value in {"Content-Type": kind, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())
