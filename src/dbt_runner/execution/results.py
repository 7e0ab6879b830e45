"""One status for every planned node."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from dbt_runner.engine.events import GREEN, NodeFinished, Status
from dbt_runner.engine.plan import Node
from dbt_runner.store.journal import Entry
from dbt_runner.warehouse.diagnosis import Diagnosis, diagnose


@dataclass
class Record:
    """What is known of one planned node of one command.

    Attributes:
        command: position of the command in the run, from 0.
        seconds: wall time, once it is done.
        compiled: path of the compiled SQL below the command's folder.
        reported: its end has been told.
        carried: it was done by an earlier attempt.
        open: how often dbt began it without having finished it: the batches of a microbatch model
            begin and finish under the model's own id, between its own begin and finish.
    """

    command: int
    node: Node
    status: Status = Status.NOT_STARTED
    started: bool = False
    seconds: float = 0.0
    message: str | None = None
    rows: int | None = None
    compiled: str | None = None
    reported: bool = False
    carried: bool = False
    open: int = 0

    @property
    def finished(self) -> bool:
        """Whether the node has come to its end."""
        return self.status is not Status.NOT_STARTED

    @property
    def diagnosis(self) -> Diagnosis | None:
        """What its error is, if it has one that is known."""
        if self.status not in {Status.ERROR, Status.FAIL} or not self.message:
            return None
        return diagnose(self.message)

    @property
    def is_stale(self) -> bool:
        """Whether it is a source that was found too old."""
        return self.status is Status.FAIL and self.node.resource_type == "source"


class Results:
    """The statuses of a run, written by dbt's threads and read by ours."""

    def __init__(self) -> None:
        self._records: dict[tuple[int, str], Record] = {}
        self._lock = threading.Lock()
        self._command = 0
        self._cancelling = False
        self._tolerates_stale = False
        self.has_plan = False

    def plan(self, command: int, nodes: Iterable[Node]) -> None:
        """Take up the nodes that a command is going to execute."""
        with self._lock:
            self.has_plan = True
            for node in nodes:
                self._records[command, node.unique_id] = Record(command, node)

    def forget(self) -> None:
        """Forget the plan: another one is going to be made."""
        with self._lock:
            self._records.clear()

    def carry(self, done: Iterable[Entry]) -> None:
        """Take over how planned nodes ended in an earlier attempt."""
        with self._lock:
            for entry in done:
                record = self._records[entry.key]
                record.status = Status(entry.status)
                record.seconds, record.message, record.rows = (
                    entry.seconds,
                    entry.message,
                    entry.rows,
                )
                record.started = record.reported = record.carried = True

    def begin(self, command: int, *, tolerates_stale: bool = False) -> None:
        """What comes from now on belongs to this command; a stale source may only be a warning."""
        with self._lock:
            self._command = command
            self._tolerates_stale = tolerates_stale

    def cancel(self) -> None:
        """What fails from now on was cancelled, and is not its own fault."""
        with self._lock:
            self._cancelling = True

    def repeat(self, command: int, unique_ids: Iterable[str]) -> None:
        """Forget how nodes of a command ended: they are going to be executed again."""
        with self._lock:
            for unique_id in unique_ids:
                earlier = self._records[command, unique_id]
                self._records[command, unique_id] = Record(command, earlier.node)

    def start(self, unique_id: str) -> Record | None:
        """Note that dbt began to work on a node.

        Returns:
            Its record; `None` for one that is not planned, held back by a cancellation, or at work
            already.
        """
        with self._lock:
            record = self._records.get((self._command, unique_id))
            if record is None or self._cancelling:
                return None
            record.open += 1
            record.started = True
            return record if record.open == 1 else None

    def finish(self, event: NodeFinished, *, final: bool = False) -> Record | None:
        """Note a node's result; the first one stands, unless the final one is worse.

        Args:
            final: it is the command's own result for the node, not an event along the way.

        Returns:
            Its record; `None` for what is not planned, such as a hook that worked, and for a batch
            of a node that goes on.
        """
        with self._lock:
            record = self._records.get((self._command, event.unique_id))
            if record is None:
                if event.status in GREEN:
                    return None
                record = self._unplanned(event)
            record.open = 0 if final else max(record.open - 1, 0)
            if record.open:
                return None
            # after a cancellation dbt calls skipped whatever it has not come to count
            worse = (
                record.status in GREEN
                and event.status not in GREEN
                and event.status is not Status.SKIPPED
            )
            if not record.finished or (final and worse):
                record.status = self._status(record, event)
                record.seconds = event.seconds
                record.message = event.message
                record.rows = event.rows
            record.compiled = event.compiled or record.compiled
            return record

    def close(self) -> None:
        """After the last word of dbt: what was begun and has no result was cancelled."""
        with self._lock:
            for record in self._records.values():
                if record.started and not record.finished:
                    record.status = Status.CANCELLED

    def records(self) -> list[Record]:
        """All records, in the order of commands and ids."""
        with self._lock:
            return [record for _, record in sorted(self._records.items())]

    def planned(self, command: int) -> frozenset[str]:
        """The nodes of a command."""
        records = self.records()
        return frozenset(r.node.unique_id for r in records if r.command == command)

    def running(self) -> list[Record]:
        """Records of nodes at work."""
        with self._lock:
            return [r for r in self._records.values() if r.started and not r.finished]

    def counts(self) -> dict[str, int]:
        """`total` and the number of nodes of each status."""
        found = Counter(record.status for record in self.records())
        return {"total": found.total(), **{status.value: found[status] for status in Status}}

    def failed(self, command: int | None = None) -> list[Record]:
        """Records of nodes that are not green, causes before consequences."""
        order = [Status.ERROR, Status.FAIL, Status.CANCELLED, Status.SKIPPED, Status.NOT_STARTED]
        bad = [
            record
            for record in self.records()
            if record.status not in GREEN and command in (None, record.command)
        ]
        return sorted(bad, key=lambda record: order.index(record.status))

    def _status(self, record: Record, event: NodeFinished) -> Status:
        if self._cancelling and event.status in {Status.ERROR, Status.SKIPPED}:
            return Status.CANCELLED if record.started else Status.NOT_STARTED
        stale = event.status is Status.FAIL and record.node.resource_type == "source"
        if stale and self._tolerates_stale:
            return Status.WARN
        return event.status

    def _unplanned(self, event: NodeFinished) -> Record:
        kind, _, name = event.unique_id.partition(".")
        node = Node(event.unique_id, kind, name.rpartition(".")[2], "")
        record = Record(self._command, node, started=True)
        self._records[self._command, event.unique_id] = record
        return record
