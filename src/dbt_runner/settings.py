"""Every setting of a run, where it may come from, and what it may be."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    NoDecode,
    SettingsConfigDict,
)

from dbt_runner import identifiers, selection, variables
from dbt_runner.argv import printable
from dbt_runner.errors import SettingsError
from dbt_runner.policy import Policy
from dbt_runner.variables import Value

ENV_PREFIX = "DBT_RUNNER_"


def _boolean(value: object) -> object:
    if isinstance(value, str):
        if value.lower() not in {"true", "false"}:
            msg = "must be true or false"
            raise ValueError(msg)
        return value.lower() == "true"
    return value


def _whole_number(value: object) -> object:
    if isinstance(value, str) and not (value.isascii() and value.lstrip("-").isdigit()):
        msg = "must be a whole number"
        raise ValueError(msg)
    return value


def _path(value: str) -> str:
    """Make a path absolute, `~` expanded; one on a Unity Catalog volume names the volume."""
    if "\0" in value:
        msg = "must not hold a NUL character"
        raise ValueError(msg)
    if value.startswith("/Volumes"):
        parts = value.strip("/").split("/")
        if len(parts) < 4 or not all(parts) or {".", ".."} & set(parts):
            msg = "must be /Volumes/<catalog>/<schema>/<volume>[/<folder>…] without . or .."
            raise ValueError(msg)
    return os.path.abspath(os.path.expanduser(value))


Boolean = Annotated[bool, BeforeValidator(_boolean)]
WholeNumber = Annotated[int, BeforeValidator(_whole_number)]
Selection = Annotated[str, AfterValidator(selection.node_selection)]
Schema = Annotated[str, AfterValidator(identifiers.schema_name)]
Path = Annotated[str, AfterValidator(_path)]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,128}$")]


class RunParameters(BaseModel):
    """What whoever starts a run may choose; in a job these are its parameters."""

    run_type: Annotated[str, Field(description="which dbt commands to run")] = "incremental"
    target_schema: Annotated[
        Schema | None, Field(description="schema to build in (default: the target's)")
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
        Schema | None,
        Field(description="the schema's name again, to rebuild a protected target"),
    ] = None
    fail_fast: Annotated[Boolean, Field(description="stop at the first failure")] = False
    warnings: Annotated[
        Literal["ok", "error"], Field(description="whether a warning fails the run")
    ] = "ok"
    empty_selection: Annotated[
        Literal["error", "ok"] | None,
        Field(description="whether selecting nothing is an error (default: by run type)"),
    ] = None
    timeout: Annotated[
        WholeNumber | None,
        Field(ge=1, description="seconds after which the run is cancelled (exit code 124)"),
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

    target: Annotated[
        str, Field(pattern=r"^[A-Za-z_][\w.-]*$", description="a target of runner.yml")
    ] = "local"
    catalog: Annotated[
        Annotated[str, AfterValidator(identifiers.catalog_name)] | None,
        Field(description="catalog (on DuckDB: the database file's name)"),
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
    sample_scale: Annotated[
        float, Field(gt=0, le=1000, description="scale of the local TPC-H data")
    ] = 0.01


class Settings(RunParameters, DeploymentSettings, BaseSettings):
    """The settings of one run, checked; what reaches dbt comes from here alone."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENV_PREFIX,
        env_ignore_empty=True,
        validate_default=True,
    )

    @property
    def resume_key(self) -> str | None:
        """What links the attempts of one logical run: the job run and the task in it."""
        if self.job_run_id is None:
            return None
        return f"{self.job_run_id}/{self.task_key}" if self.task_key else self.job_run_id


BOOLEANS = frozenset(
    name for name, field in Settings.model_fields.items() if field.annotation is bool
)


def load(
    given: Mapping[str, str],
    environ: Mapping[str, str],
    policy: Policy,
    *,
    in_job: bool,
    warn: Callable[[str], None],
) -> Settings:
    """Make the settings from the command line, `DBT_RUNNER_*`, `runner.yml` and the defaults.

    An empty text means "not set", since a job parameter cannot be null.

    Args:
        given: name → text from the command line or the named parameters.
        environ: the process's environment.
        policy: the project's policy; its `settings` are the third source.
        in_job: named parameters are then pushed in by the job, so an unknown name is only worth
            a warning, and deployment settings need to be listed by the policy.
        warn: told about what is ignored.

    Raises:
        SettingsError: a name is unknown or a value not allowed; one line that names the setting.
    """
    values = {name: text for name, text in given.items() if text != ""}
    from_env = {
        key[len(ENV_PREFIX) :].lower(): text
        for key, text in environ.items()
        if key.startswith(ENV_PREFIX) and text != ""
    }
    for name in [name for name in {**values, **from_env} if name not in Settings.model_fields]:
        _unknown(name, in_job, warn)
        values.pop(name, None)
    for name, text in {**from_env, **values}.items():
        if name in Settings.model_fields:
            _reject_unresolved(name, text)
            if in_job and name in DeploymentSettings.model_fields:
                policy.check_deployment(name, text)
    settings = _build(values, policy)
    policy.check_variables(settings.vars)
    _check_together(settings, policy)
    return settings


def project_dir(given: Mapping[str, str], environ: Mapping[str, str]) -> str | None:
    """The one setting that decides where `runner.yml` lies, and so must be known before it.

    Raises:
        SettingsError: it is no path.
    """
    text = given.get("project_dir") or environ.get(f"{ENV_PREFIX}PROJECT_DIR")
    if not text:
        return None
    _reject_unresolved("project_dir", text)
    try:
        return _path(text)
    except ValueError as error:
        msg = f"project_dir: {error}, got {printable(text)}"
        raise SettingsError(msg) from None


def _build(values: dict[str, str], policy: Policy) -> Settings:
    misplaced = set(policy.settings) - set(DeploymentSettings.model_fields)
    if misplaced:
        msg = f"runner.yml: settings.{min(misplaced)}: is no deployment setting"
        raise SettingsError(msg)
    sources = (
        InitSettingsSource(Settings, init_kwargs=values),
        EnvSettingsSource(Settings, env_ignore_empty=True),
        InitSettingsSource(Settings, init_kwargs=policy.settings),
    )
    try:
        return Settings(_build_sources=(sources, {}))
    except ValidationError as error:
        raise SettingsError(_first_fault(error)) from None


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False)[0]
    name = str(fault["loc"][0])
    reason = fault["msg"].removeprefix("Value error, ")
    reason = f"{reason[0].lower()}{reason[1:]}"
    return f"{name}: {reason}, got {printable(fault['input'])}"


def _unknown(name: str, in_job: bool, warn: Callable[[str], None]) -> None:
    near = get_close_matches(name, Settings.model_fields, n=1)
    hint = f"did you mean {near[0]}?" if near else "see dbt-runner --help"
    msg = f"{printable(name)[1:-1]}: is no setting; {hint}"
    if not in_job:
        raise SettingsError(msg)
    # a job pushes all of its job parameters into a wheel task that has named parameters
    warn(msg)


def _reject_unresolved(name: str, text: str) -> None:
    """Refuse a value that still holds a reference of Databricks or of the bundle.

    A reference in an unknown namespace arrives literally instead of failing the job (Databricks
    docs, "dynamic value references").

    Raises:
        SettingsError: the value holds `{{` or `${`.
    """
    if "{{" in text or "${" in text:
        msg = f"{name}: {printable(text)} holds a reference that was not resolved"
        raise SettingsError(msg)


def _check_together(settings: Settings, policy: Policy) -> None:
    if settings.selector and (settings.select or settings.exclude):
        msg = "selector: cannot be combined with select or exclude; use one of them"
        raise SettingsError(msg)
    for name in ("select", "exclude"):
        if selection.needs_state(getattr(settings, name)) and not (
            settings.state or policy.production
        ):
            msg = f"{name}: {getattr(settings, name)} compares with an earlier run; give state too"
            raise SettingsError(msg)
