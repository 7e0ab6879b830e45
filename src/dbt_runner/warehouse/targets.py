"""From the target's name to a connection."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from dbt_runner.argv import printable
from dbt_runner.errors import SettingsError
from dbt_runner.places import WAREHOUSE_KEYS, Target
from dbt_runner.policy import Policy
from dbt_runner.project import Project
from dbt_runner.settings import Settings
from dbt_runner.warehouse import databricks, duckdb, profiles
from dbt_runner.warehouse.connection import Connection

LOCAL = "local"
DEFAULT_SCHEMA = "analytics"
_ON_DATABRICKS = (*WAREHOUSE_KEYS, "host")


def connect(settings: Settings, policy: Policy, project: Project) -> Connection:
    """Find out where a run builds: in a profile of the user's, or in a target of `runner.yml`.

    Without either, the target `local` is a DuckDB file.

    Raises:
        SettingsError: there is no such target.
        ProjectError: the user's profile, or what the target needs, is missing.
    """
    if settings.profiles_dir:
        given = _given(settings, "catalog", *_ON_DATABRICKS)
        if given:
            msg = f"{given}: stands in profiles.yml, so it cannot be given with profiles_dir"
            raise SettingsError(msg)
        wanted = settings.target if "target" in settings.model_fields_set else None
        folder = Path(settings.profiles_dir)
        return profiles.connection(folder, project.profile, wanted, settings.target_schema)
    place = policy.targets.get(settings.target)
    if place is None and (policy.targets or settings.target != LOCAL):
        known = list(policy.targets) or [LOCAL]
        near = get_close_matches(settings.target, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(known)}"
        msg = f"target: {printable(settings.target)} is no target of {project.name}; {hint}"
        raise SettingsError(msg)
    if place and place.type == "databricks":
        return databricks.connection(project.profile, settings, place)
    given = _given(settings, *_ON_DATABRICKS)
    if given:
        msg = f"{given}: is for a target on Databricks, and {settings.target} is not; give target"
        raise SettingsError(msg)
    return _database(settings, place, project.profile)


def _given(settings: Settings, *names: str) -> str | None:
    return next((name for name in names if getattr(settings, name)), None)


def _database(settings: Settings, place: Target | None, profile: str) -> Connection:
    duckdb.require_extra()
    catalog = settings.catalog or (place and place.catalog) or settings.target
    if catalog in duckdb.RESERVED_CATALOGS:
        msg = f"catalog: {printable(catalog)} is a name of DuckDB's own; choose another"
        raise SettingsError(msg)
    schema = settings.target_schema or (place and place.target_schema) or DEFAULT_SCHEMA
    if place and place.samples and schema == duckdb.SAMPLE_SCHEMA:
        msg = f"target_schema: {printable(schema)} holds the sample data; choose another"
        raise SettingsError(msg)
    if place and place.samples and catalog == duckdb.SAMPLE_SCHEMA:
        msg = f"catalog: {printable(catalog)} is also the sample data's schema; choose another"
        raise SettingsError(msg)
    file = database_file(settings, catalog)
    if {"#", "?"} & set(str(file)):
        # dbt-duckdb reads the path as a URL
        msg = f"artifacts: must not hold # or ?, got {printable(settings.artifacts)}"
        raise SettingsError(msg)
    return duckdb.connection(profile, settings.target, file, schema, catalog)


def database_file(settings: Settings, catalog: str) -> Path:
    """The DuckDB file of a catalog: it lies beside the artifacts of its runs."""
    return Path(settings.artifacts) / f"{catalog}.duckdb"
