"""Every setting: its type, its default, and what it means."""

from __future__ import annotations

import os
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import NoDecode

from dbt_runner import places, selection, variables

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
_VOLUME = re.compile(r"/+Volumes(/|$)")


def _boolean(value: object) -> object:
    if isinstance(value, str):
        if value.lower() not in {"true", "false"}:
            msg = "must be true or false"
            raise ValueError(msg)
        return value.lower() == "true"
    return value


def _whole_number(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,18}", value):
        msg = "must be a whole number"
        raise ValueError(msg)
    return value


def _decimal(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"[0-9]+([.][0-9]+)?", value):
        msg = "must be a decimal number such as 0.1"
        raise ValueError(msg)
    return value


def absolute_path(value: str) -> str:
    """Make a path absolute, `~` expanded; one on a Unity Catalog volume names the volume.

    The database file's path stands in the profile, which dbt renders, so it never holds Jinja.
    """
    expanded = os.path.expanduser(value)  # noqa: PTH111 - pathlib raises for an unknown user
    if expanded.startswith("~"):
        msg = "begins with the home of a user who does not exist"
        raise ValueError(msg)
    try:
        path = os.path.abspath(expanded)  # noqa: PTH100 - links stay as they are named
    except OSError:
        msg = "must be absolute, since the working folder is gone"
        raise ValueError(msg) from None
    if not path.isprintable() or any(mark in path for mark in ("{{", "{%", "{#")):
        msg = "must not hold control characters, bytes that are no UTF-8, or Jinja"
        raise ValueError(msg)
    if _SCHEME.match(value):
        msg = "must be a path of the file system, not a URL; a volume's is /Volumes/…"
        raise ValueError(msg)
    if _VOLUME.match(value):
        parts = value.strip("/").split("/")
        if len(parts) < 4 or not all(parts) or {".", ".."} & set(parts):
            msg = "must be /Volumes/<catalog>/<schema>/<volume>[/<folder>…] without . or .."
            raise ValueError(msg)
    return f"/{path.lstrip('/')}"


Boolean = Annotated[bool, BeforeValidator(_boolean)]
WholeNumber = Annotated[int, BeforeValidator(_whole_number)]
Decimal = Annotated[float, BeforeValidator(_decimal)]
Selection = Annotated[str, AfterValidator(selection.node_selection)]
Path = Annotated[str, AfterValidator(absolute_path)]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,128}$")]


class RunParameters(BaseModel):
    """What whoever starts a run may choose; in a job these are its parameters."""

    # a run validates its settings as a whole
    model_config = ConfigDict(defer_build=True)

    run_type: Annotated[str, Field(description="which dbt commands to run")] = "incremental"
    target_schema: Annotated[
        places.Schema | None, Field(description="schema to build in (default: the target's)")
    ] = None
    select: Annotated[Selection | None, Field(description="dbt's --select")] = None
    exclude: Annotated[Selection | None, Field(description="dbt's --exclude")] = None
    selector: Annotated[
        Annotated[str, AfterValidator(selection.selector_name)] | None,
        Field(description="a selector of selectors.yml, in place of select"),
    ] = None
    vars: Annotated[
        dict[str, Any],
        NoDecode,
        BeforeValidator(lambda v: variables.read(v) if isinstance(v, str) else v),
        Field(description="dbt variables, a JSON object"),
    ] = {}
    threads: Annotated[
        WholeNumber, Field(ge=1, le=64, description="nodes that run at once, 1 to 64")
    ] = 8
    full_refresh: Annotated[
        Boolean, Field(description="rebuild incremental models and seeds from nothing")
    ] = False
    full_refresh_confirm: Annotated[
        places.Schema | None,
        Field(description="the schema's name again, to rebuild a protected target"),
    ] = None
    prune: Annotated[
        Boolean,
        Field(
            description="with ci or defer: first drop what earlier runs built and this one won't"
        ),
    ] = False
    fail_fast: Annotated[Boolean, Field(description="stop at the first failure")] = False
    warnings: Annotated[
        Literal["ok", "error"], Field(description="whether a warning fails the run")
    ] = "ok"
    empty_selection: Annotated[
        Literal["error", "ok"] | None,
        Field(description="whether selecting nothing is an error (default: by run type)"),
    ] = None
    node_retries: Annotated[
        WholeNumber,
        Field(ge=0, le=10, description="how often nodes are tried again that failed in passing"),
    ] = 0
    timeout: Annotated[
        WholeNumber | None,
        Field(
            ge=1,
            le=31_536_000,
            description="seconds after which the run is cancelled (exit code 124)",
        ),
    ] = None
    resume: Annotated[
        Literal["auto", "never"],
        Field(description="whether an earlier attempt of the same run is gone on with"),
    ] = "auto"
    resume_mismatch: Annotated[
        Literal["full", "error"],
        Field(description="what happens if the project has changed since that attempt"),
    ] = "full"
    wait_for_lock: Annotated[
        WholeNumber,
        Field(
            ge=0, le=86_400, description="seconds to wait while another run writes the same schema"
        ),
    ] = 0
    resume_key: Annotated[
        Identifier | None,
        Field(description="names what is wanted as a whole, so that its attempts can be linked"),
    ] = None
    job_id: Annotated[Identifier | None, Field(description="id of the Databricks job")] = None
    job_run_id: Annotated[Identifier | None, Field(description="id of the job run")] = None
    task_run_id: Annotated[Identifier | None, Field(description="id of the task run")] = None
    task_key: Annotated[Identifier | None, Field(description="the task's key")] = None
    repair_count: Annotated[
        WholeNumber | None, Field(ge=0, description="repairs of the job run so far")
    ] = None
    execution_count: Annotated[
        WholeNumber | None, Field(ge=0, description="attempts of the task so far")
    ] = None


class DeploymentSettings(BaseModel):
    """What whoever deploys decides; a job may only give values that `runner.yml` lists."""

    # a run validates its settings as a whole
    model_config = ConfigDict(defer_build=True)

    target: Annotated[
        str,
        Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,127}$", description="a target of runner.yml"),
    ] = "local"
    catalog: Annotated[
        places.Catalog | None,
        Field(description="catalog (on DuckDB: the database file's name)"),
    ] = None
    warehouse: Annotated[places.Warehouse | None, Field(description="SQL warehouse, by name")] = (
        None
    )
    warehouse_id: Annotated[
        places.WarehouseId | None, Field(description="SQL warehouse, by id")
    ] = None
    http_path: Annotated[
        places.HttpPath | None, Field(description="SQL warehouse or cluster, by HTTP path")
    ] = None
    host: Annotated[
        places.Host | None,
        Field(description="Databricks workspace (default: as the Databricks SDK finds it)"),
    ] = None
    project_dir: Annotated[
        Path | None, Field(description="another dbt project (default: the packaged one)")
    ] = None
    profiles_dir: Annotated[
        Path | None, Field(description="folder with a profiles.yml of your own")
    ] = None
    state: Annotated[
        Path | None, Field(description="artifacts to compare with (default: production's newest)")
    ] = None
    defer: Annotated[
        Boolean, Field(description="read what is not built from the state's schemas")
    ] = False
    favor_state: Annotated[
        Boolean, Field(description="with defer, also what exists in the own schema")
    ] = False
    artifacts: Annotated[Path, Field(description="folder that outlives the run")] = ".dbt-runner"
    keep_runs: Annotated[
        WholeNumber, Field(ge=1, le=1_000_000, description="attempts that are kept in each place")
    ] = 100
    keep_days: Annotated[
        WholeNumber, Field(ge=1, le=36_500, description="days for which an attempt is kept")
    ] = 30
    grace: Annotated[
        WholeNumber,
        Field(ge=1, le=3600, description="seconds from the first signal to the hard end"),
    ] = 25
    log_format: Annotated[
        Literal["console", "json"] | None,
        Field(description="default: console on a terminal, else json"),
    ] = None
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="least level to log")
    ] = "info"
    patches: Annotated[
        Literal["on", "off"],
        Field(description="whether slow parts of dbt are replaced, in exact versions of it"),
    ] = "on"
    sample_scale: Annotated[
        Decimal, Field(gt=0, le=1000, description="scale of the local TPC-H data")
    ] = 0.01
