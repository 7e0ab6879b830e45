"""Ways to log in whose servers have fixed names: a proxy on loopback stands in for them.

The SDK and its requests are real; the answers are ours.
"""

from __future__ import annotations

import contextlib
import json
import os
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
import trustme

from dbt_runner.warehouse.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "adb-7.7.azuredatabricks.net"
ENTRA = "login.microsoftonline.com"
NAMES = ("DATABRICKS_", "ARM_", "AZURE_", "GOOGLE_", "ACTIONS_ID_", "SYSTEM_")
OWN_CLI = """#!/bin/sh
echo "$@" >> "$0.asked"
echo '{{"access_token": "of-the-cli", "token_type": "Bearer", "expiry": "{expiry}"}}'
exit
"""


class Proxy(ThreadingHTTPServer):
    """Takes CONNECT, and is every host itself; notes what it is asked for."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        super().__init__(("127.0.0.1", 0), Handler)

    def answer(self, host: str, path: str, form: dict[str, str]) -> tuple[int, Any]:
        """Status and JSON."""
        self.asked.append((host, path, form))
        if host == ENTRA and form.get("client_secret") == "canary-azure":
            token = f"for-{form['resource'][:8]}"
            return 200, {"access_token": token, "token_type": "Bearer", "expires_in": "3600"}
        return 404, {"error_code": "NOT_FOUND", "message": path}


class Handler(BaseHTTPRequestHandler):
    """One connection to the proxy, then to the host that it asked for."""

    server: Proxy
    protocol_version = "HTTP/1.1"
    host = ""

    def do_CONNECT(self) -> None:
        """Be the host."""
        self.host = self.path.partition(":")[0]
        # the client may ask for the tunnel in HTTP/1.0
        self.close_connection = False
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb")

    def do_GET(self) -> None:
        """Answer as the host."""
        text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = {name: values[0] for name, values in parse_qs(text).items()}
        status, content = self.server.answer(self.host, self.path, form)
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    do_POST = do_GET  # noqa: N815 - the base class's name

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
        """Say nothing."""


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The way to every host, in an environment without any login."""
    for name in [name for name in os.environ if name.startswith(NAMES)]:
        monkeypatch.delenv(name)
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST, ENTRA).configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    found = Proxy(context)
    threading.Thread(target=found.serve_forever, daemon=True).start()
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{found.server_address[1]}")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("HOME", str(tmp_path))
    yield found
    found.shutdown()
    found.server_close()


def test_azure_service_principal(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenant, a client and its secret are enough: Entra is asked for a token of Databricks."""
    monkeypatch.setenv("DATABRICKS_HOST", f"https://{HOST}")
    monkeypatch.setenv("ARM_TENANT_ID", "tenant")
    monkeypatch.setenv("ARM_CLIENT_ID", "client")
    monkeypatch.setenv("ARM_CLIENT_SECRET", "canary-azure")
    found = Credentials(in_job=True)
    assert (found.auth_type, found.host) == ("azure-client-secret", HOST)
    # the application id of Azure Databricks (learn.microsoft.com, "Get Microsoft Entra ID tokens")
    assert found.token == "for-2ff814a6"  # noqa: S105 - a made-up one
    assert found.expires_at is not None
    assert time.time() + 3000 < found.expires_at < time.time() + 4000
    paths = {path for host, path, _ in proxy.asked if host == ENTRA}
    assert paths == {"/tenant/oauth2/token"}
    assert {"canary-azure", "for-2ff814a6"} <= found.secrets


def test_login_of_the_databricks_cli(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On a laptop the CLI is asked for the token of the person who logged in with it."""
    cli = tmp_path / "bin" / "databricks"
    cli.parent.mkdir()
    expiry = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    # the SDK takes a smaller file for the old CLI in Python
    cli.write_text(OWN_CLI.format(expiry=expiry) + " " * 1024 * 1024)
    cli.chmod(0o755)
    monkeypatch.setenv("PATH", f"{cli.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("DATABRICKS_HOST", f"https://{HOST}")
    found = Credentials(in_job=False)
    assert (found.auth_type, found.token) == ("databricks-cli", "of-the-cli")
    assert found.expires_at is not None
    assert "auth token" in cli.with_name("databricks.asked").read_text()
