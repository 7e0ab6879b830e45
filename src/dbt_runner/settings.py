"""The settings of a run, from the command line, the environment, `runner.yml` and the defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    SettingsConfigDict,
)

from dbt_runner import selection
from dbt_runner.argv import printable
from dbt_runner.errors import PolicyError, SettingsError
from dbt_runner.parameters import DeploymentSettings, RunParameters, absolute_path
from dbt_runner.policy import FILE_NAME, Policy
from dbt_runner.redaction import names_secret

ENV_PREFIX = "DBT_RUNNER_"


class Settings(RunParameters, DeploymentSettings, BaseSettings):
    """The settings of one run, checked; what reaches dbt comes from here alone."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENV_PREFIX,
        env_ignore_empty=True,
        validate_default=True,
        defer_build=False,
    )

    @property
    def link(self) -> str | None:
        """What links the attempts of one logical run.

        A key that is given names what is wanted as a whole, such as a refresh, in which runs of
        several types have their part; else it is the job run and the task in it.
        """
        if self.resume_key is not None:
            return f"{self.resume_key}/{self.run_type}"
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
    from_env = _read_environment(environ)
    for found in (values, from_env):
        for name in [name for name in found if name not in Settings.model_fields]:
            del found[name]
            _unknown(name, from_env=found is from_env, in_job=in_job, warn=warn)
    given_texts = {**from_env, **values}
    target = given_texts.get("target") or str(
        policy.settings.get("target") or DeploymentSettings.model_fields["target"].default
    )
    for name, text in given_texts.items():
        reject_unresolved(name, text)
        if in_job and name in DeploymentSettings.model_fields:
            policy.check_deployment(name, text, target=target)
    settings = _build(values, from_env, policy)
    policy.run_type(settings.run_type)
    policy.check_variables(settings.vars)
    _check_together(settings, policy)
    return settings


def project_dir(given: Mapping[str, str], environ: Mapping[str, str]) -> str | None:
    """The one setting that decides where `runner.yml` lies, and so must be known before it.

    Raises:
        SettingsError: it is no path.
    """
    text = given.get("project_dir") or _read_environment(environ).get("project_dir")
    if not text:
        return None
    reject_unresolved("project_dir", text)
    try:
        return absolute_path(text)
    except ValueError as error:
        msg = f"project_dir: {error}, got {printable(text)}"
        raise SettingsError(msg) from None


def _read_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Name → text of what `DBT_RUNNER_*` sets; other spellings of the prefix are not ours."""
    return {
        key.removeprefix(ENV_PREFIX).lower(): text
        for key, text in environ.items()
        if key.startswith(ENV_PREFIX) and text != ""
    }


def _build(values: dict[str, str], from_env: dict[str, str], policy: Policy) -> Settings:
    for section, names in (("settings", policy.settings), ("deployment", policy.deployment)):
        misplaced = set(names) - set(DeploymentSettings.model_fields)
        if misplaced:
            msg = f"{FILE_NAME}: {section}.{min(misplaced)}: is no deployment setting"
            raise PolicyError(msg)
    if "project_dir" in policy.settings:
        msg = f"{FILE_NAME}: settings.project_dir: has to be known before this file is found"
        raise PolicyError(msg)
    defaults = {name: value for name, value in policy.settings.items() if value not in (None, "")}
    environment = EnvSettingsSource(Settings)
    # its own reading also takes other spellings, such as dbt_runner_target, which nobody checked
    environment.env_vars = {f"{ENV_PREFIX}{name}".lower(): text for name, text in from_env.items()}
    sources = (
        InitSettingsSource(Settings, init_kwargs=values),
        environment,
        InitSettingsSource(Settings, init_kwargs=defaults),
    )
    try:
        return Settings(_build_sources=(sources, {}))
    except ValidationError as error:
        name, msg = refusal(error)
        if name in defaults and name not in {**values, **from_env}:
            msg = f"{FILE_NAME}: settings.{msg}"
            raise PolicyError(msg) from None
        raise SettingsError(msg) from None


def refusal(error: ValidationError) -> tuple[str, str]:
    """The first setting that a model refused, and one line that says why."""
    fault = error.errors(include_url=False)[0]
    name = str(fault["loc"][0])
    msg = f"{name}: {_reason(fault['msg'])}"
    if name != "vars" or not names_secret(str(fault["input"])):
        msg += f", got {printable(fault['input'])}"
    return name, msg


def _reason(message: str) -> str:
    own = message.removeprefix("Value error, ")
    return own if own != message else f"{message[0].lower()}{message[1:]}"


def _unknown(name: str, *, from_env: bool, in_job: bool, warn: Callable[[str], None]) -> None:
    names = [name, *get_close_matches(name, Settings.model_fields, n=1)]
    if from_env:
        names = [f"{ENV_PREFIX}{name.upper()}" for name in names]
    hint = f"did you mean {names[1]}?" if names[1:] else "see dbt-runner --help"
    msg = f"{printable(names[0])[1:-1]}: is no setting; {hint}"
    if not in_job:
        raise SettingsError(msg)
    # a job pushes all of its job parameters into a wheel task that has named parameters
    warn(msg)


def reject_unresolved(name: str, text: str) -> None:
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
    if settings.artifacts == settings.project_dir:
        msg = (
            f"artifacts: must not be the project's own folder, got {printable(settings.artifacts)}"
        )
        raise SettingsError(msg)
    if settings.selector and (settings.select or settings.exclude):
        msg = "selector: cannot be combined with select or exclude; use one of them"
        raise SettingsError(msg)
    for name in ("select", "exclude"):
        if selection.needs_state(getattr(settings, name)) and not (
            settings.state or policy.production
        ):
            shown = printable(getattr(settings, name))
            msg = f"{name}: {shown} compares with an earlier run; give state too"
            raise SettingsError(msg)
