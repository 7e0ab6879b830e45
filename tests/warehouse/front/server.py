"""The HTTPS server: Thrift for the connector, REST for the SDK, and control for the tests."""

from __future__ import annotations

import base64
import json
import re
import socket
import ssl
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme
from databricks.sql.thrift_api.TCLIService import TCLIService
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TMessageType
from thrift.transport.TTransport import TMemoryBuffer

from front.faults import Fault, Faults
from front.service import Service, refusal
from front.spark import SqlError
from front.statements import Statements
from front.workspace import Workspace

_LIMIT = 60.0
"""Seconds to wait for a commit before a fault that follows it."""


class Front:
    """What the server serves."""

    def __init__(self, service: Service, workspace: Workspace, statements: Statements) -> None:
        self.service = service
        self.workspace = workspace
        self.statements = statements
        self.faults = Faults()
        self.processor = TCLIService.Processor(service)
        self.connections = 0

    def control(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Do what a test asks for, and tell what it wants to know."""
        workspace = self.workspace
        if path == "/bench/reset":
            self.faults.replace([])
            self.statements.reset()
            workspace.tokens.used.clear()
            workspace.tokens.life, workspace.usable = 3600.0, True
            workspace.privileges = ["ALL_PRIVILEGES"]
            workspace.warehouse.reset()
        elif path == "/bench/faults":
            self.faults.replace(body["faults"])
        elif path == "/bench/sql":
            return {"rows": self.service.look(body["sql"])}
        elif path == "/bench/workspace":
            if body.pop("asleep", False):
                workspace.warehouse.sleep()
            workspace.warehouse.start_seconds = body.pop("start_seconds", 2.0)
            workspace.tokens.life = body.pop("token_life", workspace.tokens.life)
            for name, value in body.items():
                setattr(workspace, name, value)
        return {
            "statements": self.statements.told(),
            "faults": self.faults.told(),
            "tokens": workspace.tokens.issued,
            "tokens_used": len(workspace.tokens.used),
            "warehouse_starts": workspace.warehouse.starts,
        }


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    front: Front

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def serve(self) -> None:
        """Answer, or do wrong what is to be done wrong."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        if path.startswith("/bench/"):
            return self._control(path, body)
        is_thrift = bool(re.match(r"/sql/(1\.0/(warehouses|endpoints)|protocolv1)/", path))
        method = _thrift_method(body) if is_thrift else path
        fault = self.front.faults.take(method, body)
        if fault and fault.do == "delay":
            time.sleep(fault.seconds)
        if fault and fault.do in ("refuse", "cut"):
            return self._fail(fault)
        answer = self.front.workspace.open(path, body, self._basic(), self.headers["Host"])
        if answer:
            return self._json(*answer)
        return self._logged_in(body, path, fault, is_thrift=is_thrift)

    do_GET = do_POST = serve

    def _logged_in(self, body: bytes, path: str, fault: Fault | None, *, is_thrift: bool) -> None:
        if not self.front.workspace.tokens.admits(self.headers.get("Authorization")):
            msg = "Invalid access token."
            return self._json(403, {"error_code": "403", "message": msg}, reason=msg)
        if not is_thrift:
            return self._json(*self.front.workspace.answer(self.command, path))
        warehouse = self.front.workspace.warehouse
        if not path.endswith(f"/{warehouse.id}"):
            msg = f"Warehouse {path.rpartition('/')[2]} not found"
            return self._json(404, {"error_code": "RESOURCE_DOES_NOT_EXIST"}, reason=msg)
        if warehouse.state != "RUNNING":
            return self._fail(Fault("refuse", retry_after=1))
        return self._thrift(body, fault)

    def _thrift(self, body: bytes, fault: Fault | None) -> None:
        if fault and fault.do == "error":
            return self._send(200, _refusal(body, fault.message), "application/x-thrift")
        result = self._process(body)
        if fault and fault.do in ("refuse_after", "cut_after"):
            self.front.service.finish(_LIMIT)
            return self._fail(fault)
        if fault and fault.do == "delay_after":
            time.sleep(fault.seconds)
        return self._send(200, result, "application/x-thrift")

    def _control(self, path: str, body: bytes) -> None:
        try:
            self._json(200, self.front.control(path, json.loads(body or b"{}")))
        except SqlError as error:
            self._json(400, {"error": str(error)})

    def _process(self, body: bytes) -> bytes:
        self.front.workspace.tokens.use(self.headers.get("Authorization"))
        self.front.service.request.headers = {
            name: value for name, value in self.headers.items() if name != "Authorization"
        }
        out = TMemoryBuffer()
        self.front.processor.process(TBinaryProtocol(TMemoryBuffer(body)), TBinaryProtocol(out))
        return bytes(out.getvalue())

    def _fail(self, fault: Fault) -> None:
        if fault.do.startswith("cut"):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        body = json.dumps({"error_code": "TEMPORARILY_UNAVAILABLE", "message": fault.message})
        self._send(fault.status, body.encode(), "application/json", headers)

    def _basic(self) -> str | None:
        kind, _, value = (self.headers.get("Authorization") or "").partition(" ")
        return base64.b64decode(value).decode().partition(":")[2] if kind == "Basic" else None

    def _json(self, status: int, content: dict[str, Any], reason: str | None = None) -> None:
        headers = {"X-Databricks-Reason-Phrase": reason} if reason else {}
        text = json.dumps(content, default=str)
        self._send(status, text.encode(), "application/json", headers)

    def _send(
        self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def make(front: Front, folder: Path) -> ThreadingHTTPServer:
    """A server on a free port of loopback, with a certificate of its own authority.

    Args:
        folder: where the authority's certificate is written, as `ca.pem`.
    """
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    handler = type("BenchHandler", (Handler,), {"front": front})
    server = _Server(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.context = context
    return server


class _Server(ThreadingHTTPServer):
    request_queue_size = 64
    context: ssl.SSLContext

    def finish_request(self, request: Any, client_address: Any) -> None:
        # here and not at accept, so that a slow handshake holds up nobody
        super().finish_request(self.context.wrap_socket(request, server_side=True), client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news."""


def _thrift_method(body: bytes) -> str:
    return str(TBinaryProtocol(TMemoryBuffer(body)).readMessageBegin()[0])


def _refusal(body: bytes, message: str) -> bytes:
    name, _, number = TBinaryProtocol(TMemoryBuffer(body)).readMessageBegin()
    out = TMemoryBuffer()
    protocol = TBinaryProtocol(out)
    protocol.writeMessageBegin(name, TMessageType.REPLY, number)
    TCLIService.ExecuteStatement_result(success=refusal(message)).write(protocol)
    protocol.writeMessageEnd()
    return bytes(out.getvalue())
