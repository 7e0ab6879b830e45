"""The rules that jobs are checked against: code, what is wrong, and the way out."""

from __future__ import annotations

from enum import Enum


class Rule(Enum):
    """One rule; its code never changes its meaning.

    Attributes:
        code: what an ignore names, such as `DJ101`.
        title: what is wrong, in one line.
        fix: the way out, where a finding does not know a better one.
    """

    def __init__(self, code: str, title: str, fix: str) -> None:
        self.code = code
        self.title = title
        self.fix = fix

    # Layers
    JOB_LEVEL = (
        "DJ101",
        "the tag job_level is missing, or is not one of the three layers",
        "tag the job job_level: atomic, composite or orchestrator",
    )
    RUNS_ABOVE_ATOMIC = (
        "DJ102",
        "a composite job or an orchestrator runs something itself",
        "move the task into an atomic job, and start that with run_job_task",
    )
    NOT_ATOMIC = (
        "DJ103",
        "an atomic job starts another job",
        "tag it composite, and move what it runs itself into a job of its own",
    )
    NOT_DOWNWARDS = (
        "DJ104",
        "a job starts one of its own layer or of a higher one",
        "let orchestrators start composite and atomic jobs, and composite jobs atomic ones",
    )
    NOTEBOOK_TWICE = (
        "DJ105",
        "a notebook is used by more than one task",
        "keep it in one atomic job, and start that job with run_job_task",
    )
    NO_ENVIRONMENT = (
        "DJ106",
        "a Python or dbt task on serverless compute has no environment_key",
        "give the job an environments block, and the task an environment_key of it",
    )
    UNKNOWN_ENVIRONMENT = (
        "DJ107",
        "an environment_key names no entry of the job's environments",
        "add the entry to environments",
    )
    # References and order
    JOB_REFERENCE = (
        "DJ201",
        "a job is not referred to as ${resources.jobs.<name>.id}",
        "write job_id: ${resources.jobs.<name>.id}, or look the job up in a variable",
    )
    UNKNOWN_JOB = (
        "DJ202",
        "a job is referred to that the bundle does not define",
        "define the job, or look it up in a variable",
    )
    UNKNOWN_DEPENDENCY = (
        "DJ203",
        "depends_on names no other task of the job",
        "name a task of the same job",
    )
    CIRCULAR_TASKS = (
        "DJ204",
        "tasks depend on each other in a circle",
        "drop one of the dependencies",
    )
    NO_ORDER = (
        "DJ205",
        "an orchestrator has several tasks and no depends_on",
        "say with depends_on what waits for what",
    )
    TOO_DEEP = (
        "DJ206",
        "more than three Run Job tasks are nested",
        "start the jobs further down from a job further up",
    )
    CIRCULAR_JOBS = (
        "DJ207",
        "jobs start each other in a circle",
        "drop one of the references",
    )
    TASK_KEY_TWICE = (
        "DJ208",
        "a task_key stands twice in a job; the bundle merges the two into one task",
        "give each task a key of its own",
    )
    HIDDEN_FAILURE = (
        "DJ209",
        "a task may fail and its job still ends green",
        "let one of the last tasks need it to succeed (run_if: ALL_SUCCESS)",
    )
    # Parameters
    OVERRIDDEN = (
        "DJ301",
        "a value is handed on that a parameter of the job, or of one above it, overrides",
        "hand on {{job.parameters.<name>}}, or do not declare the parameter there",
    )
    TWO_PARAMETER_OBJECTS = (
        "DJ302",
        "a task has more than one parameter object",
        "keep one of them",
    )
    NOT_A_STRING = (
        "DJ303",
        "a parameter's value is no string",
        "quote the value as it has to arrive",
    )
    TOO_LARGE = (
        "DJ304",
        "something is larger than Databricks takes",
        "make it smaller, or hand over a path to it",
    )
    SECRET = (
        "DJ305",
        "something that looks like a secret stands in the definition",
        "keep it in a secret scope: read it with dbutils.secrets, or {{secrets/<scope>/<key>}}",
    )
    UNKNOWN_SETTING = (
        "DJ306",
        "a wheel task of dbt_runner gives a setting that there is not",
        "see dbt-runner --help",
    )
    REFUSED_VALUE = (
        "DJ307",
        "a wheel task of dbt_runner gives a value that a run would refuse",
        "see dbt-runner --help",
    )
    NOT_DEPLOYABLE = (
        "DJ308",
        "a wheel task of dbt_runner gives a deployment setting that runner.yml does not list",
        "list the value under deployment in dbt_project/runner.yml",
    )
    SCRIPT = (
        "DJ309",
        "whoever starts the job may choose the script, or there is none",
        "give --script=<path> in the list `parameters`, without a reference to a parameter",
    )
    UNKNOWN_PARAMETER = (
        "DJ310",
        "a reference to a parameter that the job does not declare, which fails the task",
        "declare it under the job's parameters",
    )
    SCHEMA_NOT_ALLOWED = (
        "DJ311",
        "a wheel task of dbt_runner builds in a schema that runner.yml does not allow there",
        "list the schema under the target's schemas in dbt_project/runner.yml",
    )
    UNKNOWN_REFERENCE = (
        "DJ312",
        "a dynamic value reference that stands for nothing",
        'see "dynamic value references" in the documentation of Databricks',
    )
    SAME_RESUME_KEY = (
        "DJ313",
        "dbt_runner is given the same resume_key each time, so a later run finds everything done",
        "let it name one run, such as {{job.run_id}}",
    )
    # Notebooks
    NO_NOTEBOOK = (
        "DJ401",
        "a notebook_path leads to no file",
        "correct the path; it counts from the file that holds it, and needs the extension",
    )
    ARGPARSE = (
        "DJ402",
        "a notebook imports argparse, but its parameters arrive as widgets",
        'read them with dbutils.widgets.get("<name>")',
    )
    UNREAD_PARAMETER = (
        "DJ403",
        "base_parameters gives a parameter that the notebook does not read",
        "read it with dbutils.widgets.get, or drop it",
    )
    WIDGET_NOT_GIVEN = (
        "DJ404",
        "a notebook has a widget that the job gives no value",
        "give it in base_parameters, or declare it as a parameter of the job",
    )
    WIDGET_NOT_MADE = (
        "DJ405",
        "a notebook reads a widget that nothing makes, which fails",
        "make it with dbutils.widgets.text, or give it in base_parameters",
    )
    EXIT_IN_EXCEPT = (
        "DJ406",
        "dbutils.notebook.exit in an except clause makes a failure a success",
        "raise instead",
    )
    NOT_LOGGED = (
        "DJ407",
        "a notebook prints and logs none of its parameters",
        "print or log them at the start, so that a run shows what it was given",
    )
    SHELL_HIDES_FAILURE = (
        "DJ408",
        "%sh without -e succeeds whatever its commands do",
        "write %sh -e",
    )
    NESTED_NOTEBOOK = (
        "DJ409",
        "a notebook runs another with dbutils.notebook.run, out of the jobs' sight",
        "make the other an atomic job, and order the two with run_job_task",
    )
    RUNS_A_JOBS_NOTEBOOK = (
        "DJ410",
        "a notebook takes in, with %run, one that is a job's own",
        "move what both need into a file that no job runs",
    )
    # Operations
    TAGS = (
        "DJ501",
        "a tag is missing",
        "tag each job with layer, environment, project, compute_type and job_type",
    )
    ENVIRONMENT_TAG = (
        "DJ502",
        "the tag environment is not the bundle target",
        "write environment: ${bundle.target}",
    )
    UNPAUSED = (
        "DJ503",
        "a schedule, trigger or continuous run is on in a development target",
        "write pause_status: PAUSED, or use mode: development and leave pause_status out",
    )
    NO_TIME_ZONE = (
        "DJ504",
        "a schedule has no timezone_id",
        "say the time zone that the expression is meant in",
    )
    TWO_STARTS = (
        "DJ505",
        "a job has more than one of schedule, trigger and continuous",
        "keep one of them, and give the other to a job that starts this one",
    )
    NO_TIMEOUT = (
        "DJ506",
        "a task in a production target may run for ever",
        "set timeout_seconds on the task or on its job",
    )
    NO_RETRIES = (
        "DJ507",
        "a task in a production target does not say how it is retried",
        "set max_retries (0 counts) and, above 0, min_retry_interval_millis",
    )
    NOBODY_TOLD = (
        "DJ508",
        "nobody is told of a failure in a production target",
        "set email_notifications.on_failure or webhook_notifications.on_failure",
    )
    CONTINUOUS = (
        "DJ509",
        "a continuous job has a task dependency or a retry policy, which it cannot use",
        "give the order to a job that this one starts; retries to continuous.task_retry_mode",
    )
    # Ignores
    IGNORE_WITHOUT_REASON = (
        "DJ901",
        "an ignore gives no reason, or names no rule",
        "write # dbt-runner: ignore <code> <reason>",
    )
    IGNORE_HIDES_NOTHING = (
        "DJ902",
        "an ignore hides nothing",
        "remove it",
    )


def table() -> list[tuple[str, str]]:
    """Every rule as code and title, by code."""
    return [(rule.code, rule.title) for rule in sorted(Rule, key=lambda rule: rule.code)]
