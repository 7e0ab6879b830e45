"""What a dbt project allows: its `runner.yml`."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from dbt_runner.argv import printable
from dbt_runner.errors import PolicyError, SettingsError
from dbt_runner.parameters import absolute_path
from dbt_runner.places import Catalog, Schema, Strict, Target
from dbt_runner.run_types import BUILT_IN, Command, RunType, read_command
from dbt_runner.variable_rules import Variable, undeclared_fault
from dbt_runner.variables import Value

FILE_NAME = "runner.yml"


def _commands(value: object) -> tuple[Command, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        msg = "must be a list of dbt commands"
        raise ValueError(msg)
    return tuple(read_command(item) for item in value)


def _folder(value: str) -> str:
    if not value.startswith(("/", "~")):
        msg = "must be an absolute path"
        raise ValueError(msg)
    return absolute_path(value)


class Production(Strict):
    """Where production lives, for run types that compare with it.

    Attributes:
        artifacts: the folder that production's runs keep theirs in; `None` if it is the folder of
            the run that compares.
    """

    target: str
    catalog: Catalog
    target_schema: Annotated[Schema, Field(alias="schema")]
    artifacts: Annotated[str, AfterValidator(_folder)] | None = None


def _one_or_more(value: object) -> object:
    return [] if value is None else value if isinstance(value, list) else [value]


class OwnRunType(Strict):
    """A run type of the project: dbt commands as for dbt's command line."""

    commands: Annotated[tuple[Command, ...], Field(min_length=1), BeforeValidator(_commands)]
    empty_selection: Literal["error", "ok"] = "error"
    description: str = ""


class Policy(Strict):
    """A project's `runner.yml`.

    Attributes:
        settings: defaults for deployment settings.
        deployment: for each deployment setting, patterns of the values that a job may give.
        variables: the variables that a run may set; `None` leaves their names free.
        production: one for each kind of database, since a run reads from its own kind only.
        stale_sources: whether the run type `fresh` ends red when a source is stale.
    """

    settings: dict[str, Any] = Field(default_factory=dict)
    deployment: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    variables: Annotated[dict[str, Variable] | None, Field(alias="vars")] = None
    targets: dict[str, Target] = Field(default_factory=dict)
    production: Annotated[tuple[Production, ...], BeforeValidator(_one_or_more)] = ()
    own_run_types: Annotated[dict[str, OwnRunType], Field(alias="run_types")] = Field(
        default_factory=dict
    )
    stale_sources: Literal["ok", "error"] = "ok"

    def run_type(self, name: str) -> RunType:
        """Find a run type by name, built in or the project's own.

        Raises:
            SettingsError: there is none of that name.
        """
        if name in self.own_run_types:
            own = self.own_run_types[name]
            return RunType(name, own.commands, own.empty_selection, own.description)
        if name in BUILT_IN:
            return BUILT_IN[name]
        known = [*BUILT_IN, *self.own_run_types]
        near = get_close_matches(name.lower(), known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(known)}"
        msg = f"run_type: {printable(name)} is no run type; {hint}"
        raise SettingsError(msg)

    def production_for(self, target: str) -> Production | None:
        """Production on the same kind of database as a target: the one that it can read from.

        Of a target of the user's own `profiles.yml` the kind is not known here; it is taken to fit.
        """
        kind = self._kind(target)
        fitting = [
            place
            for place in self.production
            if kind is None or self._kind(place.target) in {kind, None}
        ]
        return fitting[0] if len(fitting) == 1 else None

    def _kind(self, target: str) -> str | None:
        place = self.targets.get(target)
        return place.type if place else None

    def check_deployment(self, name: str, value: str, *, target: str) -> None:
        """Check a deployment setting that a job gives.

        Args:
            target: the run's. A job may name the catalog that its target has, and no other one
                that is not listed, so that nobody takes one target's catalog with another's rules.

        Raises:
            SettingsError: `runner.yml` does not list the value.
        """
        patterns = self.deployment.get(name, ())
        place = self.targets.get(target)
        if name == "catalog" and place and place.catalog:
            if value == place.catalog:
                return
            if not patterns:
                msg = (
                    f"catalog: a job may not set it to {printable(value)} with the target "
                    f"{target}, whose catalog is {place.catalog} ({FILE_NAME})"
                )
                raise SettingsError(msg)
        # a listed folder would not bound a path that climbs out of it
        climbs = ".." in value.split("/")
        if climbs or not any(fnmatchcase(value, pattern) for pattern in patterns):
            msg = (
                f"{name}: a job may not set it to {printable(value)}; list the value under "
                f"deployment in {FILE_NAME} and build the wheel anew"
            )
            raise SettingsError(msg)

    def check_variables(self, values: dict[str, Value]) -> None:
        """Check the names and values of the variables that a run sets.

        Raises:
            SettingsError: a name is not declared, or a value not allowed.
        """
        for name, value in values.items():
            if self.variables is None:
                fault = undeclared_fault(value)
            elif name in self.variables:
                fault = self.variables[name].fault(value)
            else:
                near = get_close_matches(name, self.variables, n=1)
                hint = f"did you mean {near[0]}?" if near else f"declare it in {FILE_NAME}"
                msg = f"vars: {name} is no variable that a run may set; {hint}"
                raise SettingsError(msg)
            if fault:
                msg = f"vars: {name} {fault}, got {printable(value)}"
                raise SettingsError(msg)

    def check_full_refresh(self, target: str, schema: str | None, confirm: str | None) -> None:
        """Refuse to rebuild a protected target from nothing unless the schema is named again.

        Raises:
            PolicyError: the target is protected and `full_refresh_confirm` is not its schema.
        """
        place = self.targets.get(target)
        confirmed = confirm is not None and schema is not None and confirm == schema.lower()
        if place and place.protected and not confirmed:
            msg = (
                f"run_type: the target {target} is protected and refuses a full refresh of "
                f"{schema}; give full_refresh_confirm={schema} if that is what you want"
            )
            raise PolicyError(msg)

    def check_prune(self, target: str, schemas: Iterable[tuple[str, str]]) -> None:
        """Refuse to drop relations of a protected target, or where production is built.

        Args:
            target: name of the target.
            schemas: (catalog, schema) of everything that would be pruned.

        Raises:
            PolicyError: it is not to be pruned.
        """
        place = self.targets.get(target)
        if place and place.protected:
            msg = f"prune: the target {target} is protected; nothing is dropped there"
            raise PolicyError(msg)
        production = self.production_for(target)
        for catalog, schema in schemas:
            if production and (production.catalog, production.target_schema) == (
                catalog.lower(),
                schema.lower(),
            ):
                msg = (
                    f"prune: {catalog}.{schema} is production's own; give the target_schema of a "
                    "run that compares with it"
                )
                raise PolicyError(msg)

    def check_relations(
        self, target: str, schemas: Iterable[tuple[str, str]], *, own_catalog: str
    ) -> None:
        """Check the schemas that a run would write.

        A schema that a protected target lists is only to be written with that target: else naming
        another target would be the way around its protection.

        Args:
            target: name of the target.
            schemas: (catalog, schema) of everything that a run writes, the target's own included.
            own_catalog: the target's catalog.

        Raises:
            PolicyError: the target does not allow one of them, or another target protects it.
        """
        place = self.targets.get(target)
        for catalog, schema in sorted(set(schemas)) if place else ():
            written = f"target_schema: the run would write into {catalog}.{schema}, which"
            if place and not place.allows(catalog, schema, own_catalog):
                msg = (
                    f"{written} the target {target} does not allow; it allows "
                    f"{', '.join(place.schemas)} ({FILE_NAME})"
                )
                raise PolicyError(msg)
            for name, other in self.targets.items():
                if name != target and place and other.protects(catalog, schema, place.type):
                    msg = f"{written} the target {name} protects; use that target ({FILE_NAME})"
                    raise PolicyError(msg)


def load(folder: Path) -> Policy:
    """Read the `runner.yml` of a project; a project without one allows what dbt allows.

    Raises:
        PolicyError: the file cannot be read, or something in it is not understood.
    """
    file = folder / FILE_NAME
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return Policy()
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        # a ValueError comes from a date that does not exist
        msg = f"{file}: cannot be read: {' '.join(str(error).split())}"
        raise PolicyError(msg) from error
    try:
        policy = Policy.model_validate({} if content is None else content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = printable(".".join(map(str, first["loc"])) or "the file")[1:-1]
        reason = first["msg"].removeprefix("Value error, ")
        msg = f"{file}: {place}: {' '.join(reason.split())}, got {printable(first['input'])}"
        raise PolicyError(msg) from error
    for name in set(policy.own_run_types) & set(BUILT_IN):
        msg = f"{file}: run_types.{name}: is built in; choose another name"
        raise PolicyError(msg)
    fault = _fault_of_productions(policy)
    if fault:
        msg = f"{file}: production: {fault}"
        raise PolicyError(msg)
    return policy


def _fault_of_productions(policy: Policy) -> str | None:
    """Why production cannot be found by the target that compares with it, if so."""
    kinds = []
    for place in policy.production:
        if policy.targets and place.target not in policy.targets:
            return f"{printable(place.target)} is no target; there is {', '.join(policy.targets)}"
        kinds.append(policy.targets[place.target].type if policy.targets else "any kind")
    twice = next((kind for kind in kinds if kinds.count(kind) > 1), None)
    return (
        f"there is more than one on {twice}; a run would not know which to take" if twice else None
    )
