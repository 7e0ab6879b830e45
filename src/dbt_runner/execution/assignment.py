"""What a run is to do, found out and checked before anything is started."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from dbt_runner.engine.options import Options
from dbt_runner.errors import SettingsError
from dbt_runner.execution import earlier, state
from dbt_runner.execution.commands import commands
from dbt_runner.execution.earlier import Earlier
from dbt_runner.policy import Policy
from dbt_runner.project import Project
from dbt_runner.run_types import Command, RunType
from dbt_runner.settings import Settings
from dbt_runner.store import artifacts
from dbt_runner.store.attempts import Stored
from dbt_runner.warehouse.connection import Connection
from dbt_runner.warehouse.targets import connect


@dataclass(frozen=True)
class Assignment:
    """Everything about a run that is known without dbt.

    Attributes:
        commands: the dbt commands, in order.
        state: artifacts of an earlier run to compare with.
        place: the folder of all runs of this project in this place.
        resumes: the attempt that was asked to be gone on with.
        in_job: whoever started the run has only a job's freedom.
    """

    settings: Settings
    policy: Policy
    project: Project
    run_type: RunType
    commands: tuple[Command, ...]
    connection: Connection
    state: Path | None
    place: Path
    resumes: Stored | None = None
    in_job: bool = False

    @property
    def empty_selection(self) -> str:
        """What selecting nothing means: `error` or `ok`."""
        return self.settings.empty_selection or self.run_type.empty_selection

    @property
    def key(self) -> str | None:
        """What links this attempt to earlier ones; `None` if it is the first of its run."""
        if self.resumes is not None:
            return str((self.resumes.facts() or {}).get("resume_key"))
        return self.settings.link

    @property
    def only_looks(self) -> bool:
        """Whether nothing is done that could be done already; such a run looks again."""
        return not any(command.is_repeatable or command.macro for command in self.commands)

    def earlier(self) -> Earlier | None:
        """The attempt of the same logical run that this one goes on with, as it is now."""
        if self.only_looks or self.key is None:
            return None
        if self.settings.resume == "never" and self.resumes is None:
            return None
        return earlier.find(self.place, self.key, [str(command) for command in self.commands])

    def tolerates_stale(self, command: Command) -> bool:
        """Whether a stale source that a command finds is only a warning."""
        return command.tolerates_stale and self.policy.stale_sources == "ok"

    def options(self, workspace: Path) -> Options:
        """What the engine has to know."""
        settings = self.settings
        return Options(
            project=self.project.folder,
            connection=self.connection,
            workspace=workspace,
            threads=settings.threads,
            variables=settings.vars,
            fail_fast=settings.fail_fast,
            warnings_are_errors=settings.warnings == "error",
            state=self.state,
            favor_state=settings.favor_state,
            log_level=settings.log_level,
            patches=settings.patches == "on",
        )


def assign(
    settings: Settings,
    policy: Policy,
    project: Project,
    *,
    resumes: Stored | None = None,
    in_job: bool = False,
) -> Assignment:
    """Find out what a run is to do.

    Args:
        resumes: the attempt to go on with; else the settings tell.

    Raises:
        RunnerError: a setting, the policy, the project or the target does not allow the run.
    """
    run_type = policy.run_type(settings.run_type)
    chosen = commands(run_type, settings)
    connection = connect(settings, policy, project)
    target, schema = connection.target, connection.target_schema
    if connection.catalog and schema:
        here = (connection.catalog, schema)
        policy.check_relations(target, [here], own_catalog=connection.catalog)
    if any(command.full_refresh for command in chosen):
        policy.check_full_refresh(target, schema, settings.full_refresh_confirm)
    if settings.prune:
        known = [(connection.catalog, schema)] if connection.catalog and schema else []
        policy.check_prune(target, known)
    place = artifacts.place(
        Path(settings.artifacts), project.name, target, connection.catalog, schema
    )
    chosen, compared = state.resolve(chosen, settings, policy, project, target, place)
    assignment = Assignment(
        settings, policy, project, run_type, chosen, connection, compared, place, resumes, in_job
    )
    before = assignment.earlier()
    if before and not settings.state:
        # what it compared with may no longer be the newest
        assignment = replace(assignment, state=state.kept(compared, before.state))
    if resumes is not None and before is None and not assignment.only_looks:
        msg = (
            f"resume: attempt {resumes.id} was ended before it had a plan, or had another one; "
            "there is nothing to go on with, run it anew"
        )
        raise SettingsError(msg)
    return assignment
