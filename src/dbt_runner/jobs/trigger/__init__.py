"""Jobs started from outside: once for each intent, and never lost.

`trigger`, `attach`, `cancel` and `repair` are for programs such as an orchestrator's tasks; the
commands of the same names are made of them.
"""

from dbt_runner.jobs.trigger.following import attach, cancel, repair
from dbt_runner.jobs.trigger.job_run import JobRun, TaskRun
from dbt_runner.jobs.trigger.outcome import Outcome
from dbt_runner.jobs.trigger.starting import trigger

__all__ = ["JobRun", "Outcome", "TaskRun", "attach", "cancel", "repair", "trigger"]
