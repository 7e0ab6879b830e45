"""What a run of dbt_runner in a job would say of a setting, before there is a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from dbt_runner import policy
from dbt_runner.bundle.rules import Rule
from dbt_runner.errors import PolicyError, SettingsError
from dbt_runner.parameters import DeploymentSettings
from dbt_runner.policy import Policy
from dbt_runner.settings import Settings

PROJECT = "dbt_project"
NAMES = tuple(Settings.model_fields)


@dataclass(frozen=True)
class Refusal:
    """Why a value would be refused, and the way out where one is known."""

    rule: Rule
    reason: str
    fix: str = ""


@dataclass(frozen=True)
class RunSettings:
    """The settings of a run, under the policy of the dbt project in `dbt_project`, if any.

    Attributes:
        folder: the bundle's.
    """

    folder: Path | None

    @cached_property
    def policy(self) -> Policy | None:
        """The project's runner.yml; None where there is none, so that only forms are judged."""
        folder = self.folder / PROJECT if self.folder else None
        if folder is None or not (folder / policy.FILE_NAME).is_file():
            return None
        return policy.load(folder)

    def refusal(self, name: str, text: str) -> Refusal | None:
        """Judge the value that a job gives for one setting."""
        try:
            parsed = _adapter(name).validate_python(text)
        except ValidationError as error:
            reason = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
            return Refusal(Rule.REFUSED_VALUE, f"{name}: {reason[:1].lower()}{reason[1:]}")
        is_deployment = name in DeploymentSettings.model_fields
        try:
            # a catalog is judged together with its target
            if self.policy and is_deployment and name != "catalog":
                self.policy.check_deployment(name, text, target="")
                if name == "target" and self.policy.targets and text not in self.policy.targets:
                    return Refusal(Rule.REFUSED_VALUE, f"target: runner.yml has no target {text}")
            elif self.policy and name == "run_type":
                self.policy.run_type(parsed)
            elif self.policy and name == "vars":
                self.policy.check_variables(parsed)
        except SettingsError as error:
            reason, _, fix = str(error).partition("; ")
            rule = Rule.NOT_DEPLOYABLE if is_deployment else Rule.REFUSED_VALUE
            return Refusal(rule, reason, fix)
        return None

    def place_refusal(self, given: Mapping[str, str | None]) -> Refusal | None:
        """Judge where a run would build, as far as that is known.

        Args:
            given: setting → its value; None where only a run knows it.
        """
        target = given.get("target") or ""
        place = self.policy.targets.get(target) if self.policy else None
        catalog = given.get("catalog") or ""
        target_is_known = given.get("target", "") is not None
        if self.policy and catalog and target_is_known:
            try:
                self.policy.check_deployment("catalog", catalog, target=target)
            except SettingsError as error:
                reason, _, fix = str(error).partition("; ")
                return Refusal(
                    Rule.NOT_DEPLOYABLE, reason, fix or "write one catalog in both files"
                )
        if self.policy is None or place is None or place.type != "databricks":
            return None
        catalog = given.get("catalog", place.catalog) or ""
        schema = given.get("target_schema", place.target_schema)
        if not catalog or not schema:
            return None
        try:
            self.policy.check_relations(target, [(catalog, schema)], own_catalog=catalog)
        except PolicyError as error:
            reason, _, fix = str(error).partition("; ")
            return Refusal(Rule.SCHEMA_NOT_ALLOWED, reason, fix if "use that" in fix else "")
        return None


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    field = Settings.model_fields[name]
    return TypeAdapter(Annotated[field.annotation, field])
