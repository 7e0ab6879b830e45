"""The catalog and the schemas in Unity Catalog: there, or to be created."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from dbt_runner.argv import printable
from dbt_runner.errors import ProjectError, SettingsError
from dbt_runner.warehouse.refusals import Forbidden, Missing, OutOfScope, Refused
from dbt_runner.warehouse.rest_api import RestApi

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.catalog import (
        CatalogInfo,
        EffectivePermissionsList,
        EffectivePrivilegeAssignment,
    )

LEGACY_CATALOG = "hive_metastore"
"""Not in Unity Catalog, so that its API knows nothing of it."""

_CREATES_SCHEMAS = frozenset({"CREATE_SCHEMA", "ALL_PRIVILEGES"})


class UnityCatalog:
    """Looks at each catalog and schema once.

    Args:
        notice: told what could not be checked, and of schemas that can hardly be created.
    """

    def __init__(self, api: RestApi, notice: Callable[..., None]) -> None:
        self._api = api
        self._notice = notice
        self._catalogs: dict[str, CatalogInfo | None] = {}
        self._schemas: set[tuple[str, str]] = set()

    def check(self, catalog: str, schema: str) -> None:
        """Check a catalog and a schema in it.

        A schema that is missing and, as far as can be seen, cannot be created is only a warning:
        grants to groups within groups cannot be seen.

        Raises:
            SettingsError: the catalog does not exist.
            ProjectError: the catalog or the schema may not be used.
            TransientError: the host does not answer.
        """
        if catalog == LEGACY_CATALOG or (catalog, schema) in self._schemas:
            return
        self._schemas.add((catalog, schema))
        try:
            if catalog not in self._catalogs:
                self._catalogs[catalog] = self._catalog(catalog)
            info = self._catalogs[catalog]
            if info and not self._exists(catalog, schema) and not self._may_create(catalog, info):
                self._warn(catalog, schema)
        except OutOfScope as refusal:
            self._catalogs.setdefault(catalog, None)
            self._notice("catalog.unchecked", level="debug", catalog=catalog, reason=str(refusal))

    def _catalog(self, catalog: str) -> CatalogInfo:
        """The catalog, if it may be used.

        `GET` asks for USE CATALOG or ownership (databricks-sdk 0.117, `CatalogsAPI.get`).
        """
        try:
            return self._api.ask(lambda ws: ws.catalogs.get(catalog))
        except (Missing, Forbidden) as refusal:
            msg = (
                f"catalog: {printable(catalog)} does not exist on {self._api.host} or may not be "
                f"used: {refusal}; `databricks catalogs list` shows those that may, or "
                f"GRANT USE CATALOG ON CATALOG {_quoted(catalog)} TO {self._who()}"
            )
            kind = SettingsError if isinstance(refusal, Missing) else ProjectError
            raise kind(msg) from refusal

    def _exists(self, catalog: str, schema: str) -> bool:
        """Whether the schema is there.

        `GET` asks for USE SCHEMA or ownership (databricks-sdk 0.117, `SchemasAPI.get`).
        """
        try:
            self._api.ask(lambda ws: ws.schemas.get(f"{catalog}.{schema}"))
        except Missing:
            return False
        except Forbidden as refusal:
            msg = (
                f"schema: {catalog}.{schema} may not be used: {refusal}; "
                "GRANT USE SCHEMA, SELECT, MODIFY, CREATE TABLE "
                f"ON SCHEMA {_quoted(catalog)}.{_quoted(schema)} TO {self._who()}"
            )
            raise ProjectError(msg) from refusal
        return True

    def _may_create(self, catalog: str, info: CatalogInfo) -> bool:
        """Whether a schema may be created; also if that cannot be found out.

        Owners have all privileges; whoever has MANAGE alone may grant them, but lacks them
        (docs.databricks.com, "Unity Catalog privileges and securable objects").
        """
        mine = self._api.identities
        if not mine or (info.owner or "").lower() in mine:
            return True
        try:
            grants = self._grants(catalog)
        except Refused as refusal:
            self._notice("grants.unchecked", level="debug", catalog=catalog, reason=str(refusal))
            return True
        held = {
            each.privilege.value
            for grant in grants
            if (grant.principal or "").lower() in mine
            for each in grant.privileges or []
            if each.privilege
        }
        return bool(held & _CREATES_SCHEMAS)

    def _grants(self, catalog: str) -> list[EffectivePrivilegeAssignment]:
        found: list[EffectivePrivilegeAssignment] = []
        token: str | None = None
        while True:
            page = self._api.ask(partial(_page_of_grants, catalog, token))
            found += page.privilege_assignments or []
            token = page.next_page_token
            if not token:
                return found

    def _warn(self, catalog: str, schema: str) -> None:
        self._notice(
            "schema.not_creatable",
            level="warning",
            schema=f"{catalog}.{schema}",
            reason=f"it does not exist, and no grant was found by which {self._api.principal} "
            "could create it",
            fix=f"GRANT CREATE SCHEMA ON CATALOG {_quoted(catalog)} TO {self._who()}",
        )

    def _who(self) -> str:
        return _quoted(self._api.principal)


def _page_of_grants(
    catalog: str, token: str | None, ws: WorkspaceClient
) -> EffectivePermissionsList:
    # 0 asks for pages of the server's own size; without it pages are to go away
    return ws.grants.get_effective("catalog", catalog, max_results=0, page_token=token)


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
