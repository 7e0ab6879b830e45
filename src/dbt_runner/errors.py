"""The errors that a run can end with, each with its exit code (the table in the README)."""

from __future__ import annotations


class RunnerError(Exception):
    """A run could not do what was asked; the message is one line for the person who asked.

    Attributes:
        exit_code: what a process that ends with this error returns.
        reported: the run's report has told it already.
    """

    exit_code = 2
    reported = False


class NodesFailed(RunnerError):
    """Nodes, tests or freshness checks failed; dbt itself worked."""

    exit_code = 1


class SettingsError(RunnerError):
    """A setting is unknown, malformed, or not allowed where it was given."""


class PolicyError(RunnerError):
    """The project's `runner.yml` is malformed, or forbids what was asked."""


class ProjectError(RunnerError):
    """The dbt project, its profile or something that it needs cannot be used."""


class BundleError(RunnerError):
    """A bundle's files, or what was piped in for them, cannot be read."""


class RulesBroken(RunnerError):
    """A check of jobs found something; its report has told it already."""

    exit_code = 1
    reported = True


class DbtError(RunnerError):
    """dbt stopped without a result: a parse error, a compile error, or a fault of its own."""


class NothingSelected(RunnerError):
    """The whole run selected no node."""

    exit_code = 3


class NotPublished(RunnerError):
    """The data is written, but the artifacts of the run could not be stored."""

    exit_code = 4


class ScriptFailed(RunnerError):
    """A shell script ended with an exit status of its own, which is the `exit_code`."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class TransientError(RunnerError):
    """The infrastructure failed in a way that passes: the same run is worth another try."""

    exit_code = 5


class BusyError(RunnerError):
    """Another run holds what this one needs."""

    exit_code = 6


class TimedOut(RunnerError):
    """The run took longer than its `timeout`."""

    exit_code = 124


class Cancelled(RunnerError):
    """A signal ended the run; `exit_code` is 128 plus the signal's number."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code
