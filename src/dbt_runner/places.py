"""The places that a project may run in: the targets of its `runner.yml`."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from dbt_runner import identifiers
from dbt_runner.redaction import redacted

Schema = Annotated[str, AfterValidator(identifiers.schema_name)]
Catalog = Annotated[str, AfterValidator(identifiers.catalog_name)]
Warehouse = Annotated[str, AfterValidator(identifiers.warehouse_name)]
WarehouseId = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,64}$")]
HttpPath = Annotated[str, AfterValidator(identifiers.http_path)]
Host = Annotated[str, AfterValidator(identifiers.host_name)]

WAREHOUSE_KEYS = ("warehouse", "warehouse_id", "http_path")
"""Three ways to name a SQL warehouse; one of them is enough."""

_ONLY_ON = {
    "duckdb": ("samples",),
    "databricks": (*WAREHOUSE_KEYS, "host", "statement_timeout", "connection_parameters"),
}

_RESERVED_PARAMETERS = frozenset(
    {
        # refused by dbt-databricks 1.12 (`credentials.py`, `DatabricksCredentials.__post_init__`)
        *("server_hostname", "http_path", "access_token", "client_id", "client_secret"),
        *("session_configuration", "catalog", "schema", "_user_agent_entry", "user_agent_entry"),
        # another login, or another protocol, than the one that is renewed and guarded here
        *("auth_type", "credentials_provider", "use_kernel", "use_sea"),
    }
)
_REFERENCE = re.compile(r"\{\{\s*env_var\(\s*(['\"])\w+\1\s*\)\s*\}\}", re.ASCII)


def _connection_parameters(values: dict[str, Any]) -> dict[str, Any]:
    """Refuse what the run decides itself, and secrets: the file is part of the wheel.

    A secret may be referred to, as `{{ env_var('DBT_ENV_SECRET_X') }}`.
    """
    for name, value in values.items():
        if name in _RESERVED_PARAMETERS:
            msg = f"{name} is set by the run itself; leave it out"
            raise ValueError(msg)
        if _holds_secret(value, name):
            msg = (
                f"{name} looks like a secret, and the file is no place for one; refer to a "
                "variable: {{ env_var('DBT_ENV_SECRET_…') }}"
            )
            raise ValueError(msg)
    return values


def _holds_secret(value: object, name: str) -> bool:
    if isinstance(value, dict):
        return any(_holds_secret(item, str(key)) for key, item in value.items())
    if isinstance(value, list):
        return any(_holds_secret(item, name) for item in value)
    literal = _REFERENCE.sub("", value) if isinstance(value, str) else value
    return bool(literal) and redacted({name: literal}) != {name: literal}


ConnectionParameters = Annotated[dict[str, Any], AfterValidator(_connection_parameters)]


class Strict(BaseModel):
    """What stands in `runner.yml`: an unknown key is an error."""

    # most of them are validated as parts of the whole policy
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Target(Strict):
    """A place to run in, with the schemas that a run may write there.

    `schemas` are patterns (`*` stands for any text) of schemas in the target's own catalog, or of
    `catalog.schema`; a `protected` target has to have some. With `samples`, the TPC-H tables are
    offered there in the schema `tpch`.

    On Databricks, host and credentials are found as the Databricks SDK finds them; `host` pins the
    workspace. `statement_timeout` is in seconds; `connection_parameters` go to the SQL connector.
    """

    type: Literal["duckdb", "databricks"]
    catalog: Catalog | None = None
    target_schema: Annotated[Schema | None, Field(alias="schema")] = None
    protected: bool = False
    samples: bool = False
    schemas: tuple[str, ...] = ("*",)
    warehouse: Warehouse | None = None
    warehouse_id: WarehouseId | None = None
    http_path: HttpPath | None = None
    host: Host | None = None
    statement_timeout: Annotated[int, Field(strict=True, ge=1, le=172_800)] = 21_600
    connection_parameters: ConnectionParameters = Field(default_factory=dict)

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.protected and "schemas" not in self.model_fields_set:
            msg = "a protected target lists the schemas that may be written"
            raise ValueError(msg)
        for kind, names in _ONLY_ON.items():
            misplaced = sorted(self.model_fields_set & set(names))
            if kind != self.type and misplaced:
                msg = f"{misplaced[0]} is only for a target of type {kind}"
                raise ValueError(msg)
        if self.type == "databricks" and not (self.catalog and self.target_schema):
            msg = "a target of type databricks needs a catalog and a schema"
            raise ValueError(msg)
        if sum(bool(getattr(self, name)) for name in WAREHOUSE_KEYS) > 1:
            msg = f"give one of {', '.join(WAREHOUSE_KEYS)}"
            raise ValueError(msg)
        return self

    def allows(self, catalog: str, schema: str, own: str) -> bool:
        """Whether a run may write into a schema.

        Args:
            own: the target's catalog, to which a pattern without a catalog is bound.
        """
        for pattern in self.schemas:
            place, _, name = pattern.lower().rpartition(".")
            fits = fnmatchcase(catalog.lower(), place) if place else catalog.lower() == own.lower()
            if fits and "." not in schema and fnmatchcase(schema.lower(), name):
                return True
        return False

    def protects(self, catalog: str, schema: str, kind: str) -> bool:
        """Whether this target keeps others from writing into a schema on its kind of database."""
        own = self.catalog
        return bool(
            self.protected and own and kind == self.type and self.allows(catalog, schema, own)
        )
