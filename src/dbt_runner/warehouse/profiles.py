"""A `profiles.yml` that the user brings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from dbt_runner.argv import printable
from dbt_runner.errors import ProjectError
from dbt_runner.redaction import names_secret
from dbt_runner.warehouse.connection import Connection


def connection(
    folder: Path, profile: str, target: str | None, target_schema: str | None
) -> Connection:
    """Take a target of the user's own `profiles.yml`, in another schema if one is given.

    With another schema the target is written to a private file anew; what looks like a secret
    and stands there in clear reaches dbt through the environment instead.

    Raises:
        ProjectError: the file, the profile or the target is not there.
    """
    file = folder / "profiles.yml"
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        msg = f"profiles_dir: {folder} holds no profiles.yml"
        raise ProjectError(msg) from None
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        # the parser's own message quotes the file, which may hold secrets
        msg = f"profiles_dir: {file} cannot be read as YAML"
        raise ProjectError(msg) from None
    outputs = _outputs(content, profile, file)
    name = target or str(content[profile].get("target", "default"))
    if "{{" in name:
        msg = f"target: {file} chooses it by an expression; give target too"
        raise ProjectError(msg)
    if name not in outputs:
        msg = (
            f"target: {printable(name)} is no target of the profile {profile} in {file}; "
            f"there is {', '.join(map(str, outputs))}"
        )
        raise ProjectError(msg)
    output = dict(outputs[name])
    place = output.get("catalog") or output.get("database") or _file_stem(output)
    if target_schema is None:
        return Connection(
            profile, name, _literal(place), _literal(output.get("schema")), profiles_dir=folder
        )
    environment: dict[str, str] = {}
    output = _without_secrets(output, (), environment)
    output["schema"] = target_schema
    return Connection(
        profile, name, _literal(place), target_schema, output=output, environment=environment
    )


def _without_secrets(value: Any, path: tuple[str, ...], environment: dict[str, str]) -> Any:
    """A copy that refers to variables where secrets stood; these are added to `environment`."""
    if isinstance(value, dict):
        return {k: _without_secrets(v, (*path, str(k)), environment) for k, v in value.items()}
    if isinstance(value, list):
        items = enumerate(value)
        return [_without_secrets(item, (*path, str(at)), environment) for at, item in items]
    name = next((word for word in reversed(path) if not word.isdigit()), "")
    if not isinstance(value, str) or "{{" in value or not names_secret(name):
        return value
    variable = "DBT_ENV_SECRET_" + re.sub(r"\W", "_", "_".join(path), flags=re.ASCII).upper()
    environment[variable] = value
    return f"{{{{ env_var('{variable}') }}}}"


def _outputs(content: object, profile: str, file: Path) -> dict[str, Any]:
    entry = content.get(profile) if isinstance(content, dict) else None
    outputs = entry.get("outputs") if isinstance(entry, dict) else None
    if not isinstance(outputs, dict) or not all(isinstance(o, dict) for o in outputs.values()):
        msg = f"profiles_dir: {file} has no profile {profile} with outputs"
        raise ProjectError(msg)
    return outputs


def _file_stem(output: dict[str, Any]) -> str | None:
    path = output.get("path")
    return Path(path).stem if isinstance(path, str) and "{{" not in path else None


def _literal(value: object) -> str | None:
    """The value where it can be read without rendering Jinja."""
    return value if isinstance(value, str) and "{{" not in value else None
