"""The places that a project may run in: the targets of its `runner.yml`."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from dbt_runner import identifiers

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


class Strict(BaseModel):
    """What stands in `runner.yml`: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
    statement_timeout: Annotated[int, Field(ge=1, le=172_800)] = 21_600
    connection_parameters: dict[str, Any] = Field(default_factory=dict)

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
