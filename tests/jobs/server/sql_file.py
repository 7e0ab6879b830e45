"""The SQL task with a file (docs: jobs/sql), on a real Spark (`Warehouse`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from databricks import sql
from databricks.sql.client import Cursor

from jobs.server import refused
from jobs.server.attempt import Attempt, End
from jobs.server.compute import FAILED

_TOKENS = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<end>;)"""
    r"""|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`|.""",
    re.DOTALL,
)


def run(attempt: Attempt) -> End:
    """Run the statements of the file one after the other, up to the first error.

    Parameters are bound to `:name` markers, as text (docs: jobs/task-parameters). The pages do not
    say that the statements share a session, nor what becomes of a parameter that one of them does
    not ask for: it is taken to do no harm.
    """
    warehouse, settings = attempt.workspace.warehouse, attempt.settings
    if warehouse is None or "file" not in settings:
        lack = "without a file" if warehouse else "without Spark: make test-jobs prepares it"
        return End("FAILED", f"this bench cannot run {attempt.kind} {lack}")
    text = Path(settings["file"]["path"]).read_text(encoding="utf-8")
    try:
        with warehouse.cursor(settings["warehouse_id"]) as cursor, attempt.at_work():
            task = _Task(attempt, cursor, settings.get("parameters", {}))
            for statement in statements(text):
                task.execute(statement)
    except sql.Error as error:
        if end := attempt.stopped():
            return end
        attempt.record.output["error"] = str(error)
        return End("FAILED", FAILED)
    return End("SUCCESS")


def statements(text: str) -> Iterator[str]:
    """The statements of a file without comments; each ends at a semicolon outside of a literal."""
    statement = ""
    # a last comment would swallow a semicolon in its line
    for token in _TOKENS.finditer(f"{text}\n;"):
        if token["end"]:
            if statement.strip():
                yield statement.strip()
            statement = ""
        else:
            statement += " " if token["comment"] else token[0]


@dataclass(frozen=True)
class _Task:
    attempt: Attempt
    cursor: Cursor
    parameters: dict[str, str]

    def execute(self, statement: str) -> None:
        """Run a statement to its end, or note what Spark cannot know.

        Raises:
            sql.Error: Spark refused it, or the task was asked to end.
        """
        try:
            with ThreadPoolExecutor(1) as pool:
                work = pool.submit(self.cursor.execute, statement, self.parameters)
                while not work.done():
                    if self.attempt.record.stop.wait(0.02):
                        self.cursor.cancel()
                        wait([work], 0.1)
                work.result()
        except sql.Error as error:
            told = refused.spelled_out(statement, str(error), self._worked_out)
            if told is None:
                raise
            self.attempt.note(statement=told)

    def _worked_out(self, expression: str) -> str:
        self.cursor.execute(f"SELECT {expression}", self.parameters)
        [[found]] = self.cursor.fetchall()
        return str(found)
