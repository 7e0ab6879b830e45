"""The plan of a run: every node of every command, allowed before the first is executed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from dbt_runner.engine.engine import Engine
from dbt_runner.engine.plan import Node
from dbt_runner.errors import NothingSelected, SettingsError
from dbt_runner.execution.assignment import Assignment
from dbt_runner.execution.pruning import own_schemas
from dbt_runner.execution.results import Results
from dbt_runner.execution.resume import Resume
from dbt_runner.execution.workspace import Workspace
from dbt_runner.execution.writing import places
from dbt_runner.report.reporter import Reporter
from dbt_runner.run_types import Command
from dbt_runner.store.artifacts import Attempt
from dbt_runner.store.attempts import PLAN, later_plan
from dbt_runner.store.leases import Leases
from dbt_runner.warehouse.access import Access


class Planning:
    """Plans the commands of one run, in dbt's thread, after the parse."""

    def __init__(
        self,
        assignment: Assignment,
        workspace: Workspace,
        attempt: Attempt,
        engine: Engine,
        access: Access,
        results: Results,
        reporter: Reporter,
        resume: Resume,
        leases: Leases,
    ) -> None:
        self._assignment = assignment
        self._workspace = workspace
        self._attempt = attempt
        self._engine = engine
        self._access = access
        self._results = results
        self._reporter = reporter
        self._leases = leases
        self._unmatched: dict[int, list[str]] = {}
        self._resume = resume
        self._planned: set[int] = set()
        self._command = 0

    def plan(self) -> None:
        """Plan what can be planned now, check it, and write it down before anything is written.

        Raises:
            BusyError: another run writes one of the schemas.
            RunnerError: the selection or a schema that would be written is not allowed.
        """
        self._resume.look()
        self._plan_all()
        # another attempt may have gone on while this one waited
        while self._resume.look():
            self._results.forget()
            self._plan_all()
        self._resume.carry(self._attempt.publish_command)
        self._announce()
        self._reporter.planned(self._results)

    def plan_later(self, number: int, command: Command) -> None:
        """Plan and check a command that needs what the one before it found.

        Raises:
            RunnerError: as by `plan`.
        """
        self._plan(number, command)
        self._check()
        self._attempt.announce(later_plan(number), self._facts(number, command))

    def is_planned(self, number: int) -> bool:
        """Whether a command has its plan."""
        return number in self._planned

    def note_unmatched(self, criterion: str) -> None:
        """Note that a criterion of the command that is being planned matches nothing."""
        self._unmatched.setdefault(self._command, []).append(criterion)

    def _plan_all(self) -> None:
        commands, resume = self._assignment.commands, self._resume
        self._planned = set()
        now = [
            number
            for number, command in enumerate(commands)
            if number == 0 or not command.needs_previous or resume.planned(number) is not None
        ]
        for number in now:
            self._plan(number, commands[number])
        selecting = [n for n in now if not commands[n].macro and resume.planned(n) is None]
        if selecting:
            self._check_selection(selecting, complete=len(now) == len(commands))
        self._check()

    def _plan(self, number: int, command: Command) -> None:
        self._command = number
        folder = self._workspace.command(number, command)
        folder.mkdir(parents=True, exist_ok=True)
        self._planned.add(number)
        whole = self._resume.whole(number, command)
        self._results.plan(number, self._engine.plan(whole, folder))

    def _check_selection(self, commands: list[int], *, complete: bool) -> None:
        """A criterion that matches nothing is a mistake in `select`, and a remark in `exclude`.

        Args:
            commands: the planned commands that select nodes.
            complete: no command is left to be planned.
        """
        assignment = self._assignment
        if not any(record.command in commands for record in self._results.records()):
            if complete and assignment.empty_selection == "error":
                msg = "nothing selected: the run has no node to work on"
                raise NothingSelected(msg)
            return
        missing = [set(self._unmatched.get(number, ())) for number in commands]
        for name in sorted(set.intersection(*missing)):
            if name in (assignment.settings.select or "").split():
                msg = (
                    f"select: {name} matches nothing in {assignment.project.name}; nothing was run"
                )
                raise SettingsError(msg)
            self._reporter.notice("selection.unmatched", level="warning", criterion=name)

    def _check(self) -> None:
        written = [r.node.writes for r in self._results.records() if r.node.writes]
        place = self._engine.place()
        policy, target = self._assignment.policy, self._assignment.connection.target
        # hooks and operations are no nodes: what they write hangs on the target's own schema
        policy.check_relations(target, [place, *written], own_catalog=place[0])
        self._access.check_schemas({place, *written})
        self._lease({place}, set(written))

    def _lease(self, own: set[tuple[str, str]], written: set[tuple[str, str]]) -> None:
        settings = self._assignment.settings
        if settings.prune:
            written |= own_schemas(self._engine)
        operates = any(r.node.resource_type == "operation" for r in self._results.records())
        # what is planned later is going to write: another run must not come in between
        if written or operates or len(self._planned) < len(self._assignment.commands):
            taken = places(own | written, *self._engine.database())
            self._leases.take(taken, settings.wait_for_lock)

    def _announce(self) -> None:
        earlier, state = self._resume.earlier, self._assignment.state
        plan = {
            "fingerprint": self._resume.fingerprint(),
            "state": str(state) if state else None,
            "resumed_from": earlier.attempt.id if earlier else None,
            "commands": [self._facts(n, c) for n, c in enumerate(self._assignment.commands)],
            "carried": [asdict(entry) for entry in self._resume.carried()],
        }
        self._attempt.announce(PLAN, plan)
        self._attempt.link()

    def _facts(self, number: int, command: Command) -> dict[str, Any]:
        records = [record for record in self._results.records() if record.command == number]
        nodes = [_node_facts(record.node) for record in records]
        return {"command": str(command), "nodes": nodes if number in self._planned else None}


def _node_facts(node: Node) -> dict[str, Any]:
    facts = {"unique_id": node.unique_id, "resource_type": node.resource_type}
    return {**facts, "relation": node.relation} if node.relation else facts
