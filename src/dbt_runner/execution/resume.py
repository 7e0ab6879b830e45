"""A later attempt of a logical run does what is planned and not done yet."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from dbt_runner.engine import run_results
from dbt_runner.engine.engine import Engine
from dbt_runner.engine.events import GREEN, Status
from dbt_runner.errors import NotPublished, SettingsError
from dbt_runner.execution import earlier as attempts
from dbt_runner.execution import state
from dbt_runner.execution.assignment import Assignment
from dbt_runner.execution.earlier import Earlier
from dbt_runner.execution.results import Record, Results
from dbt_runner.execution.workspace import Workspace
from dbt_runner.execution.writing import IN_A_CLOUD, IN_MEMORY
from dbt_runner.report.reporter import Reporter
from dbt_runner.run_types import Command
from dbt_runner.store.journal import STARTED, Entry


class Resume:
    """What this attempt takes over from an earlier one, and what it leaves out for that.

    Attributes:
        earlier: the attempt that is gone on with; `None` if there is none, or it did not do the
            same.
    """

    def __init__(
        self,
        assignment: Assignment,
        workspace: Workspace,
        engine: Engine,
        results: Results,
        reporter: Reporter,
    ) -> None:
        self._assignment = assignment
        self._workspace = workspace
        self._engine = engine
        self._results = results
        self._reporter = reporter
        self._told: list[str] = []
        self._whole: set[int] = set()
        self._stored: set[int] = set()
        self._fingerprint: Mapping[str, Mapping[str, str]] | None = None
        self.earlier: Earlier | None = None

    def fingerprint(self) -> Mapping[str, Mapping[str, str]]:
        """What decides whether another attempt does the same as this one. After the parse."""
        if self._fingerprint is None:
            settings, compared = self._assignment.settings, self._assignment.state
            options = {"favor_state": settings.favor_state, "sample_scale": settings.sample_scale}
            self._fingerprint = {
                **self._engine.fingerprint(),
                "place": {"relation": ".".join(self._engine.place()), "database": self._database()},
                "settings": {name: str(value) for name, value in options.items()},
                "state": state.digests(compared) if compared else {},
            }
        return self._fingerprint

    def look(self) -> bool:
        """Look for the earlier attempt; whether there is another one than before, or news of it.

        Raises:
            SettingsError: it did not do the same, and `resume_mismatch` is `error`.
        """
        before, self.earlier = self.earlier, self._assignment.earlier()
        if self.earlier is not None:
            differs = self._differences(self.earlier)
            if differs:
                self._mismatch(self.earlier, differs)
                self.earlier = None
        found, numbers = self.earlier, range(len(self._assignment.commands))
        self._whole = {number for number in numbers if found and self._is_whole(number, found)}
        return before != self.earlier

    def _database(self) -> str:
        """What tells databases apart that call their catalogs and schemas the same."""
        _, file = self._engine.database()
        if file is None or file.startswith(IN_A_CLOUD):
            return str(file or self._engine.host())
        if file == IN_MEMORY:
            # no other attempt ever sees it
            return str(self._workspace.folder)
        # what lies beside the artifacts may move with them
        return os.path.relpath(file, self._assignment.settings.artifacts)

    def _differences(self, earlier: Earlier) -> list[str]:
        planned = (unique_id for command in earlier.planned for unique_id in command or ())
        # what decides that a node is there may be in nothing that is compared, such as the date
        gone = dict.fromkeys(self._engine.missing(planned), "")
        return attempts.differences(
            {**earlier.fingerprint, "nodes": gone}, {**self.fingerprint(), "nodes": {}}
        )

    def planned(self, number: int) -> tuple[str, ...] | None:
        """The nodes that were planned for a command, if its plan still holds.

        One that follows from what the command before it found holds as long as that does.
        """
        if self.earlier is None:
            return None
        follows = self._assignment.commands[number].needs_previous
        return None if follows and number - 1 not in self._whole else self.earlier.planned[number]

    def carry(self, store: Callable[[Path], None]) -> None:
        """Take over what was done, once everything that can be planned is.

        Args:
            store: copies the artifacts of a command into this attempt's folder.
        """
        if self.earlier is None:
            return
        for number, command in enumerate(self._assignment.commands):
            if self.planned(number) is None:
                break
            done = self._done(number)
            if command.is_repeatable or command.macro or number in self._whole:
                self._results.carry(done.values())
                self._repeat_for_hooks(number, command)
            folder = self._workspace.command(number, command)
            before = self.earlier.folder(folder)
            if number in self._whole and not command.is_repeatable and before.is_dir():
                # at once: it may be removed while this attempt works, and a later one looks here
                shutil.copytree(before, folder, dirs_exist_ok=True)
                with suppress(NotPublished):
                    store(folder)
                    self._stored.add(number)
        records = self._results.records()
        self._reporter.notice(
            "run.resumed",
            attempt=self.earlier.attempt.id,
            done=sum(record.carried for record in records),
            left=sum(not record.carried for record in records),
        )
        again = [r.node.unique_id for r in records if self._is_begun_twice(r)]
        if again:
            self._reporter.notice("nodes.begun_twice", level="warning", nodes=again)

    def carried(self) -> list[Entry]:
        """What was taken over, as the next attempt needs to know it."""
        if self.earlier is None:
            return []
        records = self._results.records()
        keys = {(r.command, r.node.unique_id) for r in records if r.carried}
        for number, command in enumerate(self._assignment.commands):
            if self._is_carried(number) and (command.is_repeatable or number in self._stored):
                keys.add((number, ""))
        ends = self.earlier.ends.items()
        return [entry for key, entry in ends if key in keys or entry.status == STARTED]

    def rest(self, number: int, command: Command) -> Command | None:
        """What is to be executed of a command; `None` if all of it was done."""
        if self.planned(number) is None:
            return command
        left = [r.node.unique_id for r in self._of(number) if not r.carried]
        if not left:
            return None
        return self._exactly(number, command, left) if command.is_repeatable else command

    def whole(self, number: int, command: Command) -> Command:
        """A command for the nodes that were planned for it, done or not."""
        planned = self.planned(number)
        if planned is None or not command.is_repeatable:
            return command
        return self._exactly(number, command, planned)

    def complete_artifacts(self, number: int, command: Command) -> None:
        """Have the results of a command's nodes tell of both attempts."""
        carried = [record for record in self._of(number) if record.carried]
        if self.earlier is None or not carried or not command.is_repeatable:
            return
        folder = self._workspace.command(number, command)
        if not (folder / "manifest.json").is_file():
            self._engine.write_manifest(folder)
        done = (_done(record) for record in carried)
        file = run_results.FILE_NAME
        run_results.add(folder / file, done, self.earlier.folder(folder) / file)

    def _exactly(self, number: int, command: Command, unique_ids: Iterable[str]) -> Command:
        folder = self._workspace.selection(number)
        return command.repeat(run_results.select(folder, unique_ids))

    def _of(self, number: int) -> list[Record]:
        return [record for record in self._results.records() if record.command == number]

    def _is_carried(self, number: int) -> bool:
        """Whether no planned node of a command is left."""
        records = self._of(number)
        return bool(records) and all(record.carried for record in records)

    def _done(self, number: int) -> dict[str, Entry]:
        """How the planned nodes of a command ended that need not be executed again."""
        if self.earlier is None:
            return {}
        green = {Status.SUCCESS, Status.PASS}
        if self._assignment.settings.warnings == "ok":
            green.add(Status.WARN)
        ends = self.earlier.ends
        return {
            unique_id: ends[number, unique_id]
            for unique_id in self.earlier.planned[number] or ()
            if (number, unique_id) in ends and ends[number, unique_id].status in green
        }

    def _is_whole(self, number: int, earlier: Earlier) -> bool:
        """Whether a command was done to its end, and what it left is there."""
        planned, command = earlier.planned[number], self._assignment.commands[number]
        if planned is None or not self._done(number).keys() >= set(planned):
            return False
        if command.is_repeatable or command.macro:
            return True
        folder = self._workspace.command(number, command)
        return (number, "") in earlier.ends and earlier.has_artifacts(command, folder)

    def _is_begun_twice(self, record: Record) -> bool:
        """Whether a node is to be executed that should not be twice and was begun before."""
        ends = self.earlier.ends if self.earlier else {}
        entry = ends.get((record.command, record.node.unique_id))
        if entry is None or record.carried or record.node.idempotent:
            return False
        return entry.status == STARTED or (entry.status in GREEN and record.node.writes is not None)

    def _repeat_for_hooks(self, number: int, command: Command) -> None:
        """If only hooks on the end are left, execute one node more: dbt runs them around nodes."""
        through = self.earlier is not None and (number, "") in self.earlier.ends
        if through or not command.is_repeatable or not self._engine.ends_with_hooks():
            return
        if self._is_carried(number):
            records = self._of(number)
            again = [r for r in records if r.node.idempotent] or records
            one = min(again, key=lambda record: (record.node.writes is not None, record.seconds))
            self._results.repeat(number, [one.node.unique_id])

    def _mismatch(self, earlier: Earlier, differs: list[str]) -> None:
        if self._assignment.settings.resume_mismatch == "error":
            msg = (
                f"resume_mismatch: attempt {earlier.attempt.id} did something else, "
                f"{'; '.join(differs)}; nothing was run; resume_mismatch=full runs everything anew"
            )
            raise SettingsError(msg)
        if differs != self._told:
            self._told = differs
            self._reporter.notice(
                "run.not_resumed", level="warning", attempt=earlier.attempt.id, differs=differs
            )


def _done(record: Record) -> run_results.Done:
    unique_id, status = record.node.unique_id, record.status.value
    return run_results.Done(unique_id, status, record.seconds, record.message, record.rows)
