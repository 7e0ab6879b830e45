"""The values that a run of this package would refuse, refused before there is a run."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from dbt_runner import policy, project
from dbt_runner.errors import SettingsError
from dbt_runner.parameters import DeploymentSettings, RunParameters
from dbt_runner.settings import refusal, reject_unresolved


def check(given: Mapping[str, str]) -> None:
    """Judge parameters by the rules of the run, and by the `runner.yml` that this wheel ships.

    Names that are no settings are the job's own affair. What needs all settings of the run, such
    as a selection that compares with a state, is left to the run.

    Raises:
        SettingsError: a value would be refused in the job too.
    """
    values = {name: text for name, text in given.items() if text != ""}
    ours = {name: text for name, text in values.items() if name in RunParameters.model_fields}
    if not ours and not values.keys() & DeploymentSettings.model_fields.keys():
        return
    allowed = policy.load(project.packaged_folder())
    target = values.get("target")
    for name, text in values.items():
        if name == "catalog" and target is None:
            # whether it is the target's is known in the job
            continue
        if name in DeploymentSettings.model_fields:
            allowed.check_deployment(name, text, target=target or "")
        elif name in ours:
            reject_unresolved(name, text)
    try:
        found = RunParameters.model_validate(ours)
    except ValidationError as error:
        raise SettingsError(refusal(error)[1]) from None
    allowed.run_type(found.run_type)
    allowed.check_variables(found.vars)
    if found.selector and (found.select or found.exclude):
        msg = "selector: cannot be combined with select or exclude; use one of them"
        raise SettingsError(msg)
