"""Examples for the rules about notebooks."""

from __future__ import annotations

from bundles import NOTEBOOK, definition, job, notebook, task
from dbt_runner.bundle.rules import Rule
from rule_examples.small import (
    READ,
    Examples,
    Files,
    code,
    jobs,
)


def _unresolved(*lines: str) -> Files:
    """A notebook whose job has parameters that the files do not say."""
    return {**code(*lines), **jobs(one=job(notebook(), parameters="${var.params}"))}


BROKEN: Examples = [
    (Rule.NO_NOTEBOOK, "missing", jobs(one=job(notebook()))),
    (
        Rule.NO_NOTEBOOK,
        "no-extension",
        {"note.py": NOTEBOOK, **jobs(one=job(notebook(path="note")))},
    ),
    (Rule.ARGPARSE, "import", code("import argparse")),
    (Rule.ARGPARSE, "from-import", code("from argparse import ArgumentParser")),
    (Rule.UNREAD_PARAMETER, "nobody-reads-it", code(READ, base_parameters={"day": "1", "x": "2"})),
    (Rule.WIDGET_NOT_GIVEN, "default-only", code('dbutils.widgets.text("day", "1")', READ)),
    (Rule.WIDGET_NOT_MADE, "nothing-makes-it", code(READ)),
    (
        Rule.EXIT_IN_EXCEPT,
        "exit",
        code(
            "try:",
            "    print(1)",
            "except ValueError as e:",
            "    if e:",
            "        dbutils.notebook.exit(str(e))",
        ),
    ),
    (
        Rule.NOT_LOGGED,
        "used-unseen",
        code(
            'spark.sql("use " + dbutils.widgets.get("day"))',
            'print("done")',
            base_parameters={"day": "1"},
        ),
    ),
    (Rule.SHELL_HIDES_FAILURE, "plain", code("# MAGIC %sh", "# MAGIC ls")),
    (
        Rule.SHELL_HIDES_FAILURE,
        "set-does-not-help",
        code("print(1)", "# COMMAND ----------", "# MAGIC %sh", "# MAGIC set -e; ls"),
    ),
    (Rule.NESTED_NOTEBOOK, "run", code('dbutils.notebook.run("./other", 60)')),
    (
        Rule.RUNS_A_JOBS_NOTEBOOK,
        "magic",
        {
            "src/other.py": NOTEBOOK,
            **code("# MAGIC %run ./src/other"),
            "databricks.yml": definition(
                {"one": job(notebook()), "other": job(notebook(path="src/other.py"))}
            ),
        },
    ),
]

KEPT: Examples = [
    (Rule.WIDGET_NOT_MADE, "unresolved", _unresolved(READ)),
    (Rule.WIDGET_NOT_MADE, "unresolved-of-the-task", code(READ, base_parameters="${var.given}")),
    (Rule.WIDGET_NOT_GIVEN, "unresolved", _unresolved('dbutils.widgets.text("day", "1")', READ)),
    (
        Rule.NOT_LOGGED,
        "shown-by-its-cell",
        code('day = dbutils.widgets.get("day")', "day", base_parameters={"day": "1"}),
    ),
    (Rule.NO_NOTEBOOK, "there", code()),
    (
        Rule.NO_NOTEBOOK,
        "elsewhere",
        jobs(
            one=job(notebook(path="/Workspace/a")),
            b=job(notebook(path="${var.folder}/a.py")),
            c=job(notebook(path="a", source="GIT")),
        ),
    ),
    (
        Rule.ARGPARSE,
        "script",
        {
            "a.py": "import argparse\n",
            **jobs(
                one=job(task(spark_python_task={"python_file": "a.py"}, environment_key="default"))
            ),
        },
    ),
    (
        Rule.UNREAD_PARAMETER,
        "read-by-name-in-sql",
        code("# MAGIC %sql", "# MAGIC select :day", base_parameters={"day": "1"}),
    ),
    (
        Rule.UNREAD_PARAMETER,
        "read-by-what-is-taken-in",
        {"common.py": NOTEBOOK, **code("# MAGIC %run ./common", base_parameters={"day": "1"})},
    ),
    (
        Rule.UNREAD_PARAMETER,
        "all-are-read",
        code("print(dbutils.widgets.getAll())", base_parameters={"day": "1"}),
    ),
    (
        Rule.WIDGET_NOT_GIVEN,
        "pushed-by-the-job",
        code('dbutils.widgets.text("day", "1")', READ, parameters=["day"]),
    ),
    (Rule.WIDGET_NOT_MADE, "given-by-the-task", code(READ, base_parameters={"day": "1"})),
    (
        Rule.WIDGET_NOT_MADE,
        "dropdown",
        code('dbutils.widgets.dropdown("day", "1", ["1"])', READ, base_parameters={"day": "1"}),
    ),
    (
        Rule.EXIT_IN_EXCEPT,
        "at-the-end",
        code(
            "try:", "    print(1)", "except ValueError:", "    raise", 'dbutils.notebook.exit("ok")'
        ),
    ),
    (
        Rule.NOT_LOGGED,
        "through-a-function",
        code(
            "def get_parameters():",
            '    return dbutils.widgets.get("day"), 1',
            "day, other = get_parameters()",
            "text = f'{day}'",
            "logger.info('day %s', text)",
            base_parameters={"day": "1"},
        ),
    ),
    (Rule.SHELL_HIDES_FAILURE, "with-e", code("# MAGIC %sh -ex", "# MAGIC ls")),
    (Rule.NESTED_NOTEBOOK, "subprocess", code("import subprocess", "subprocess.run(['ls'])")),
    (
        Rule.RUNS_A_JOBS_NOTEBOOK,
        "shared-file",
        {"common.py": NOTEBOOK, **code("# MAGIC %run ./common")},
    ),
]
