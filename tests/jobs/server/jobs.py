"""Jobs, and the changes to them (docs: api/workspace/jobs)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jobs.server import definitions
from jobs.server.errors import no_job
from jobs.server.runs import new_id, now

LISTS = ("tasks", "job_clusters", "environments", "parameters")
"""The lists of a job's settings that come in pages."""

_KEYS = {
    "tasks": "task_key",
    "job_clusters": "job_cluster_key",
    "environments": "environment_key",
    "parameters": "name",
}


@dataclass
class Job:
    """A job."""

    settings: dict[str, Any]
    job_id: int = field(default_factory=new_id)
    created_time: int = field(default_factory=now)

    def told(self) -> dict[str, Any]:
        """As the API tells it."""
        return {
            "job_id": self.job_id,
            "creator_user_name": "bench@example.com",
            "created_time": self.created_time,
            "settings": dict(self.settings),
        }


class Jobs:
    """All jobs."""

    def __init__(self) -> None:
        self._jobs: dict[int, Job] = {}

    def create(self, settings: dict[str, Any]) -> Job:
        """Make one."""
        job = Job(_complete(settings))
        self._jobs[job.job_id] = job
        return job

    def get(self, job_id: int) -> Job:
        """The job of that number.

        Raises:
            Refusal: there is none.
        """
        if job_id not in self._jobs:
            raise no_job(job_id)
        return self._jobs[job_id]

    def named(self, name: str | None) -> list[Job]:
        """Jobs of a name, whatever its case, or all; newest first."""
        found = list(reversed(self._jobs.values()))
        return [job for job in found if name in (None, "") or _is_named(job, str(name))]

    def reset(self, job_id: int, settings: dict[str, Any]) -> None:
        """Replace all settings."""
        self.get(job_id).settings = _complete(settings)

    def update(self, job_id: int, settings: dict[str, Any], remove: list[str]) -> None:
        """Change some settings.

        Top-level fields are replaced; lists with keys are merged by them (docs: jobs/update,
        `new_settings`). What is removed is a field, or `tasks/KEY` of a list with keys.
        """
        job = self.get(job_id)
        merged = dict(job.settings)
        for name, value in settings.items():
            key = _KEYS.get(name)
            old = {item[key]: item for item in merged.get(name, ())} if key else {}
            new = {item[key]: item for item in value} if key else {}
            merged[name] = list({**old, **new}.values()) if key else value
        for path in remove:
            name, _, inner = path.partition("/")
            if inner:
                merged[name] = [item for item in merged[name] if item[_KEYS[name]] != inner]
            else:
                merged.pop(name, None)
        job.settings = _complete(merged)

    def delete(self, job_id: int) -> None:
        """Forget one."""
        self._jobs.pop(self.get(job_id).job_id)


def _complete(settings: dict[str, Any]) -> dict[str, Any]:
    found = {"max_concurrent_runs": 1, "timeout_seconds": 0, "format": "MULTI_TASK", **settings}
    definitions.check(found)
    return found


def _is_named(job: Job, name: str) -> bool:
    return str(job.settings.get("name", "")).lower() == name.lower()
