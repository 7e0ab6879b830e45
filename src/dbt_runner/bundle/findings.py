"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass

from dbt_runner.bundle.job import Job, Task
from dbt_runner.bundle.rules import Rule
from dbt_runner.bundle.value import Place
from dbt_runner.redaction import redacted

_LONGEST = 400


@dataclass(frozen=True)
class Finding:
    """One breach of a rule.

    Attributes:
        message: subject, fact, and what was expected; never a secret.
        fix: the way out.
        job, task: keys of what it is about; empty where it is about neither.
    """

    rule: Rule
    place: Place
    message: str
    fix: str
    job: str = ""
    task: str = ""


def finding(
    rule: Rule,
    job: Job,
    message: str,
    *,
    task: Task | None = None,
    place: Place | None = None,
    fix: str = "",
) -> Finding:
    """A finding about a job, or about a task of it.

    Args:
        message: what is to be said behind the name of the job or task.
        place: where; the task's or the job's own place otherwise.
        fix: the way out; the rule's otherwise.
    """
    subject = f"task {job.key}.{task.key}" if task else f"job {job.key}"
    where = place or (task.value.place if task else job.place)
    key = task.key if task else ""
    return Finding(rule, where, _shown(f"{subject} {message}"), fix or rule.fix, job.key, key)


def _shown(text: str) -> str:
    """A message that may hold pieces of a definition: not endless, and nothing like a token."""
    safe = str(redacted(text))
    return safe if len(safe) <= _LONGEST else f"{safe[:_LONGEST]}…"
