"""The few REST addresses of a workspace that a run asks before it connects, by our own reading."""

from __future__ import annotations

import re
import threading
import time
import uuid
from typing import Any
from urllib.parse import parse_qs

from front.spark import Spark

Answer = tuple[int, dict[str, Any]]


class Tokens:
    """Access tokens, and how long one lives that is asked for.

    Attributes:
        life: seconds.
        issued: those that were asked for.
        used: those by which statements came in.
    """

    def __init__(self, fixed: str, client_secret: str) -> None:
        self._expiry: dict[str, float] = {fixed: float("inf")}
        self._client_secret = client_secret
        self._lock = threading.Lock()
        self.life = 3600.0
        self.issued: list[str] = []
        self.used: set[str] = set()

    def issue(self, form: dict[str, list[str]], basic: str | None) -> Answer:
        """Answer a client that asks for a token (OAuth client credentials)."""
        secrets = [*form.get("client_secret", []), *([basic] if basic else [])]
        if self._client_secret not in secrets:
            return 401, {
                "error": "invalid_client",
                "error_description": "Client authentication failed",
            }
        token = f"bench-{uuid.uuid4().hex}"
        with self._lock:
            self._expiry[token] = time.time() + self.life
            self.issued.append(token)
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": int(self.life)}

    def admits(self, header: str | None) -> bool:
        """Whether an `Authorization` header holds a token that lives."""
        with self._lock:
            expiry = self._expiry.get(_token(header), 0.0)
        return time.time() < expiry

    def use(self, header: str | None) -> None:
        """Note the token of a statement."""
        with self._lock:
            self.used.add(_token(header))


class Warehouse:
    """A SQL warehouse that can sleep.

    Attributes:
        start_seconds: how long it takes to start.
    """

    def __init__(self, warehouse_id: str, name: str) -> None:
        self.id, self.name = warehouse_id, name
        self._state = "RUNNING"
        self._ready = 0.0
        self.start_seconds = 2.0
        self.starts = 0

    @property
    def state(self) -> str:
        """As the API names it."""
        if self._state == "STARTING" and time.monotonic() >= self._ready:
            self._state = "RUNNING"
        return self._state

    def sleep(self) -> None:
        """Stop it."""
        self._state = "STOPPED"

    def reset(self) -> None:
        """Run, and forget how often it was started."""
        self._state, self.starts = "RUNNING", 0

    def start(self) -> None:
        """Start it, unless it runs."""
        self.starts += 1
        if self.state == "STOPPED":
            self._state, self._ready = "STARTING", time.monotonic() + self.start_seconds

    def told(self) -> dict[str, Any]:
        """As the API tells it."""
        return {
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "health": {"status": "HEALTHY"},
            "enable_serverless_compute": True,
        }


class Workspace:
    """A workspace with one warehouse.

    Attributes:
        privileges: what the user has on every catalog.
    """

    def __init__(self, spark: Spark, tokens: Tokens, warehouse: Warehouse) -> None:
        self._spark = spark
        self.tokens = tokens
        self.warehouse = warehouse
        self.usable = True
        self.privileges = ["ALL_PRIVILEGES"]

    def open(self, path: str, body: bytes, basic: str | None, host: str) -> Answer | None:
        """Answer what needs no token."""
        if path == "/.well-known/databricks-config":
            return 200, {"oidc_endpoint": f"https://{host}/oidc", "host_type": "workspace"}
        if path == "/oidc/.well-known/oauth-authorization-server":
            return 200, {
                "authorization_endpoint": f"https://{host}/oidc/v1/authorize",
                "token_endpoint": f"https://{host}/oidc/v1/token",
            }
        if path == "/oidc/v1/token":
            return self.tokens.issue(parse_qs(body.decode()), basic)
        return None

    def answer(self, method: str, path: str) -> Answer:
        """Answer a request with a good token."""
        if path == "/api/2.0/preview/scim/v2/Me":
            return 200, {"userName": "someone@example.com", "groups": [{"display": "users"}]}
        if path == "/api/2.0/sql/warehouses":
            return 200, {"warehouses": [self.warehouse.told()]}
        if found := re.fullmatch(r"/api/2\.0/sql/warehouses/(\w+)(/start)?", path):
            return self._warehouse(found[1], starts=bool(found[2]))
        if found := re.fullmatch(r"/api/2\.1/unity-catalog/catalogs/([^/]+)", path):
            if self._spark.knows(found[1]):
                return 200, {"name": found[1], "owner": "admins"}
            return _missing("CATALOG_DOES_NOT_EXIST", f"Catalog '{found[1]}' does not exist.")
        if found := re.fullmatch(r"/api/2\.1/unity-catalog/schemas/([^/]+)", path):
            catalog, _, schema = found[1].partition(".")
            if self._spark.knows(catalog) and schema in self._spark.schemas():
                return 200, {"name": schema, "catalog_name": catalog, "full_name": found[1]}
            return _missing("SCHEMA_DOES_NOT_EXIST", f"Schema '{found[1]}' does not exist.")
        if path.startswith("/api/2.1/unity-catalog/effective-permissions/"):
            granted = [{"privilege": name} for name in self.privileges]
            to = {"principal": "someone@example.com", "privileges": granted}
            return 200, {"privilege_assignments": [to]}
        return _missing("ENDPOINT_NOT_FOUND", f"{method} {path}")

    def _warehouse(self, warehouse_id: str, *, starts: bool) -> Answer:
        if warehouse_id != self.warehouse.id:
            return _missing("RESOURCE_DOES_NOT_EXIST", f"SQL warehouse {warehouse_id} not found")
        if not self.usable:
            msg = "You do not have permission to use the SQL warehouse."
            return 403, {"error_code": "PERMISSION_DENIED", "message": msg}
        if starts:
            self.warehouse.start()
            return 200, {}
        return 200, self.warehouse.told()


def _token(header: str | None) -> str:
    return (header or "").removeprefix("Bearer ")


def _missing(code: str, message: str) -> Answer:
    return 404, {"error_code": code, "message": message}
