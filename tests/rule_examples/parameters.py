"""Examples for the rules about parameters."""

from __future__ import annotations

from typing import Any

from bundles import TAGS, job, start, task, wheel
from dbt_runner.bundle.rules import Rule
from rule_examples.small import (
    ONE,
    TOKEN,
    Examples,
    Files,
    jobs,
    runner,
    two,
)


def given(value: str, key: str = "main", **settings: Any) -> Files:
    """A job whose task is given this."""
    return jobs(one=job(wheel(key, named_parameters={"a": value}), **settings))


def below(*tasks: dict[str, Any], **settings: Any) -> Files:
    """A composite of these tasks, under a job that declares `day` and one that does not."""
    return jobs(
        one=ONE,
        middle=job(*tasks, level="composite", **settings),
        top=job(start("middle"), level="orchestrator", parameters=DAY),
        other=job(start("middle"), level="orchestrator"),
    )


def _installs(index: str) -> list[dict[str, Any]]:
    """An environment whose packages come from this index."""
    packages = [f"--extra-index-url {index}", "shop"]
    return [{"environment_key": "default", "spec": {"dependencies": packages}}]


DAY = [{"name": "day", "default": "2"}]

BROKEN: Examples = [
    *(
        (Rule.UNKNOWN_REFERENCE, name, given(f"{{{{{reference}}}}}"))
        for name, reference in (
            ("namespace-of-the-job", "job.paramters.x"),
            ("of-the-run", " job.run_idd "),
            ("value-of-no-task", "tasks.nope.values.q"),
            ("state-of-no-task", "tasks.`no pe`.result_state"),
            ("of-a-task", "tasks.main.state"),
            ("time", "job.start_time.date"),
            ("no-time", "job.start_time"),
            ("too-long", "job.run_id.x"),
            ("of-the-workspace", "workspace.name"),
            ("of-this-task", "task.retry_count"),
            ("no-namespace", "ds"),
            ("trigger", "job.trigger.tpye"),
        )
    ),
    (
        Rule.UNKNOWN_REFERENCE,
        "default",
        jobs(one=job(task(), parameters=[{"name": "a", "default": "{{job.runid}}"}])),
    ),
    (
        Rule.UNKNOWN_REFERENCE,
        "dbt-command",
        jobs(
            one=job(
                task(
                    dbt_task={"commands": ["dbt run --vars '{a: \"{{job.date}}\"}'"]},
                    environment_key="default",
                )
            )
        ),
    ),
    (Rule.OVERRIDDEN, "declared-above", below(start("one", give={"day": "1"}))),
    (
        Rule.OVERRIDDEN,
        "declared-above-a-loop",
        below(
            task(
                "each",
                for_each_task={"inputs": "[]", "task": start("one", give={"day": "{{input}}"})},
            )
        ),
    ),
    (
        Rule.OVERRIDDEN,
        "declared-two-jobs-above",
        jobs(
            one=job(wheel(named_parameters={"day": "1"})),
            middle=job(start("one"), level="composite"),
            top=job(start("middle"), level="orchestrator", parameters=DAY),
        ),
    ),
    (Rule.REFUSED_VALUE, "no-such-target", runner(named_parameters={"target": "old"})),
    (
        Rule.SCHEMA_NOT_ALLOWED,
        "other-schema",
        runner(parameters=["--target=prod", "--target-schema=silver"]),
    ),
    (
        Rule.SCHEMA_NOT_ALLOWED,
        "by-default-of-the-job",
        jobs(
            one=job(
                wheel(
                    package_name="dbt_runner",
                    named_parameters={
                        "target": "prod",
                        "target_schema": "{{job.parameters.schema}}",
                    },
                ),
                parameters=[{"name": "schema", "default": "silver"}],
            )
        )
        | {"dbt_project/runner.yml": runner()["dbt_project/runner.yml"]},
    ),
    (
        Rule.UNKNOWN_PARAMETER,
        "named",
        jobs(one=job(wheel(named_parameters={"a": "{{job.parameters.day}}"}))),
    ),
    (
        Rule.UNKNOWN_PARAMETER,
        "within-a-word",
        jobs(one=job(wheel(parameters=["--a=x{{ job.parameters.`day` }}"]))),
    ),
    (
        Rule.UNKNOWN_PARAMETER,
        "inputs-of-a-loop",
        two(task("each", for_each_task={"inputs": "{{job.parameters.a}}", "task": start("one")})),
    ),
    (
        Rule.UNKNOWN_PARAMETER,
        "condition",
        two(task("is", condition_task={"left": "{{job.parameters.a}}", "right": "1"})),
    ),
    (
        Rule.OVERRIDDEN,
        "handed-to-a-job",
        two(start("one", give={"day": "1"}), parameters=[{"name": "day", "default": "2"}]),
    ),
    (
        Rule.OVERRIDDEN,
        "in-a-loop",
        two(
            task(
                "each",
                for_each_task={"inputs": "[]", "task": start("one", give={"d": "{{input}}"})},
            ),
            parameters=[{"name": "d", "default": "2"}],
        ),
    ),
    (
        Rule.OVERRIDDEN,
        "other-parameter",
        two(
            start("one", give={"day": "{{job.parameters.day}} 00:00"}),
            parameters=[{"name": "day", "default": "2"}],
        ),
    ),
    (
        Rule.OVERRIDDEN,
        "own-task",
        jobs(
            one=job(
                wheel(named_parameters={"day": "1"}), parameters=[{"name": "day", "default": "2"}]
            )
        ),
    ),
    (
        Rule.TWO_PARAMETER_OBJECTS,
        "wheel",
        jobs(one=job(wheel(parameters=["--a=b"], named_parameters={"a": "b"}))),
    ),
    (
        Rule.TWO_PARAMETER_OBJECTS,
        "legacy",
        two(
            task(
                run_job_task={
                    "job_id": "${resources.jobs.one.id}",
                    "job_parameters": {"a": "b"},
                    "notebook_params": {"a": "b"},
                }
            )
        ),
    ),
    *(
        (Rule.NOT_A_STRING, name, jobs(one=job(wheel(named_parameters={"a": value}))))
        for name, value in (
            ("true", True),
            ("whole", 1),
            ("decimal", 1.5),
            ("null", None),
            ("list", ["a"]),
        )
    ),
    (
        Rule.NOT_A_STRING,
        "default",
        jobs(one=job(task(), parameters=[{"name": "a", "default": False}])),
    ),
    (Rule.NOT_A_STRING, "handed-to-a-job", two(start("one", give={"a": 1}))),
    (Rule.NOT_A_STRING, "positional", jobs(one=job(wheel(parameters=["--a", 1])))),
    (Rule.TOO_LARGE, "parameters", jobs(one=job(wheel(named_parameters={"a": "x" * 9999})))),
    (Rule.TOO_LARGE, "words", jobs(one=job(wheel(parameters=["é" * 5000])))),
    (
        Rule.TOO_LARGE,
        "inputs",
        two(task("each", for_each_task={"inputs": "x" * 10_001, "task": start("one")})),
    ),
    (Rule.TOO_LARGE, "name", jobs(one=job(task(), name="x" * 4097))),
    (Rule.TOO_LARGE, "description", jobs(one=job(task(), description="x" * 27_701))),
    (
        Rule.TOO_LARGE,
        "tags",
        jobs(
            one=job(
                task(), tags={**{f"t{i}": "x" for i in range(20)}, **TAGS, "job_level": "atomic"}
            )
        ),
    ),
    (Rule.TOO_LARGE, "tasks", jobs(one=job(*(task(f"t{i}") for i in range(1001))))),
    *(
        (Rule.SECRET, f"name-{name}", jobs(one=job(wheel(named_parameters={name: "x1y2"}))))
        for name in (
            "password",
            "dbPassword",
            "DB_PASSWORD_PROD",
            "api-key",
            "apiKey",
            "db_pass",
            "token_2",
            "credentials",
            "fs.s3a.access.key",
            "spark.hadoop.fs.azure.account.oauth2.client.secret.shop.dfs.core.windows.net",
        )
    ),
    *(
        (Rule.SECRET, f"form-{name}", given(value))
        for name, value in (
            ("url", "postgresql://u:pw@h"),
            ("connection-string", "jdbc:sqlserver://h;user=a;Password=hunter2"),
            ("query", "https://h/?user=a&password=hunter2"),
            ("github", "ghp_" + "a1B2" * 9),
            ("github-fine-grained", "github_pat_" + "a1B2_" * 12),
            ("aws", "AKIA" + "A1B2" * 4),
            ("databricks-oauth", "dose" + "0a1b" * 8),
            ("slack-hook", "https://hooks.slack.com/services/" + "T0/B0/a1b2"),
        )
    ),
    (
        Rule.SECRET,
        "index-of-a-dependency",
        jobs(
            one=job(wheel(), environments=_installs("https://user:a1b2@pypi.shop.example/simple"))
        ),
    ),
    (
        Rule.SECRET,
        "index-of-a-library",
        jobs(
            one=job(
                task(
                    libraries=[{"pypi": {"package": "shop", "repo": "https://u:a1b2@h/simple"}}],
                )
            )
        ),
    ),
    (
        Rule.SECRET,
        "dbt-command",
        jobs(
            one=job(
                task(
                    dbt_task={"commands": [f"dbt run --vars 'a: {TOKEN}'"]},
                    environment_key="default",
                )
            )
        ),
    ),
    (Rule.SECRET, "by-name", jobs(one=job(wheel(named_parameters={"client_secret": "x1y2"})))),
    (Rule.SECRET, "by-form", jobs(one=job(wheel(parameters=["--setting", TOKEN])))),
    (Rule.SECRET, "word", jobs(one=job(wheel(parameters=["--db-password=hunter2"])))),
    (Rule.SECRET, "separate-word", jobs(one=job(wheel(parameters=["--token", "hunter2"])))),
    (
        Rule.SECRET,
        "job-parameter",
        jobs(one=job(task(), parameters=[{"name": "api_key", "default": "hunter2"}])),
    ),
    (
        Rule.SECRET,
        "environment-variable",
        jobs(
            one=job(
                task(),
                job_clusters=[
                    {
                        "job_cluster_key": "a",
                        "new_cluster": {"spark_env_vars": {"DB_TOKEN": "hunter2"}},
                    }
                ],
            )
        ),
    ),
    (
        Rule.SECRET,
        "spark-conf",
        jobs(
            one=job(
                task(
                    new_cluster={
                        "spark_conf": {"fs.azure.account.key.shop.dfs.core.windows.net": "hunter2"}
                    }
                )
            )
        ),
    ),
    (Rule.SAME_RESUME_KEY, "task", runner(named_parameters={"resume_key": "nightly"})),
    (Rule.SAME_RESUME_KEY, "word", runner(parameters=["--resume-key=nightly"])),
    (
        Rule.SAME_RESUME_KEY,
        "default",
        jobs(
            one=job(
                wheel(
                    package_name="dbt_runner",
                    named_parameters={"resume_key": "{{job.parameters.resume_key}}"},
                ),
                parameters=[{"name": "resume_key", "default": "nightly"}],
            )
        ),
    ),
    (Rule.UNKNOWN_SETTING, "named", runner(named_parameters={"runtype": "full"})),
    (Rule.UNKNOWN_SETTING, "word", runner(parameters=["--target-schemas=a"])),
    (Rule.UNKNOWN_SETTING, "script-is-shells", runner(parameters=["--script=/a.sh"])),
    (Rule.REFUSED_VALUE, "number", runner(named_parameters={"threads": "99"})),
    (Rule.REFUSED_VALUE, "run-type", runner(parameters=["--run-type=ful"])),
    (Rule.REFUSED_VALUE, "variable", runner(named_parameters={"vars": '{"a": 1}'})),
    (
        Rule.REFUSED_VALUE,
        "default",
        jobs(
            one=job(
                wheel(
                    package_name="dbt_runner",
                    named_parameters={"target_schema": "{{job.parameters.schema}}"},
                ),
                parameters=[{"name": "schema", "default": "a;b"}],
            )
        ),
    ),
    (Rule.NOT_DEPLOYABLE, "other-value", runner(named_parameters={"target": "dev"})),
    (Rule.NOT_DEPLOYABLE, "other-setting", runner(parameters=["--catalog=main"])),
    (Rule.SCRIPT, "none", runner("shell", parameters=["--run_type=full"])),
    (Rule.SCRIPT, "named", runner("shell", named_parameters={"script": "/a.sh"})),
    (
        Rule.SCRIPT,
        "starters-choice",
        runner("shell", parameters=["--script={{job.parameters.run_type}}"]),
    ),
    (Rule.SCRIPT, "input-of-a-loop", runner("shell", parameters=["--script", "/a/{{input}}"])),
]

KEPT: Examples = [
    *(
        (Rule.UNKNOWN_REFERENCE, name, given(reference, parameters=DAY))
        for name, reference in (
            ("job", "{{job.id}} {{ job.name }} {{job.run_id}} {{job.repair_count}}"),
            ("time", "{{job.start_time.iso_date}} {{job.trigger.time.timestamp_ms}}"),
            ("trigger", "{{job.trigger.type}} {{job.trigger.file_arrival.location}}"),
            ("table", "{{job.trigger.table_update.`a.b.c`.commit_timestamp.iso_date}}"),
            ("parameter", "{{job.parameters.day}} {{ job.parameters.`day` }}"),
            ("this-task", "{{task.name}} {{task.run_id}} {{task.execution_count}}"),
            ("task", "{{tasks.main.run_id}} {{tasks.`main`.values.`a b`}}"),
            ("output", "{{tasks.main.output.first_row.day}} {{tasks.main.error_code}}"),
            ("workspace", "{{workspace.id}} {{workspace.url}} {{backfill.iso_date}}"),
            ("loop", "{{input}} {{input.day}}"),
            ("old", "{{run_id}} {{parent_run_id}} {{start_date}}"),
            ("secret", "{{secrets/scope/key}}"),
            ("no-reference", "{{ a + b }} {{ref('x')}} {day}"),
        )
    ),
    (Rule.UNKNOWN_REFERENCE, "unknown-tasks", given("{{tasks.x.values.a}}", "${var.key}")),
    (Rule.UNKNOWN_PARAMETER, "unresolved", given("{{job.parameters.a}}", parameters="${var.p}")),
    (
        Rule.UNKNOWN_PARAMETER,
        "unresolved-name",
        given("{{job.parameters.a}}", parameters=[{"name": "${var.p}", "default": "x"}]),
    ),
    (
        Rule.OVERRIDDEN,
        "declared-here-too",
        below(start("one", give={"day": "{{job.parameters.day}}"}), parameters=DAY),
    ),
    (
        Rule.OVERRIDDEN,
        "declared-by-a-job-below",
        jobs(
            one=job(wheel(named_parameters={"day": "{{job.parameters.day}}"}), parameters=DAY),
            middle=job(start("one", give={"day": "1"}), level="composite"),
        ),
    ),
    (Rule.SCRIPT, "unresolved", runner("shell", parameters="${var.words}")),
    (
        Rule.SCHEMA_NOT_ALLOWED,
        "unresolved",
        runner(parameters=["--target=prod", "--target-schema=silver", "${var.more}"]),
    ),
    (
        Rule.SCHEMA_NOT_ALLOWED,
        "listed",
        runner(parameters=["--target=prod", "--target-schema=gold_x", "--catalog=prod"]),
    ),
    (
        Rule.SCHEMA_NOT_ALLOWED,
        "only-a-run-knows",
        runner(parameters=["--target=prod", "--target-schema={{input}}"]),
    ),
    (Rule.SCHEMA_NOT_ALLOWED, "the-targets-own", runner(parameters=["--target=prod"])),
    (
        Rule.UNKNOWN_PARAMETER,
        "declared",
        jobs(
            one=job(
                wheel(
                    parameters=["{{job.parameters.a.b}}{{ job.parameters.[a.b] }}{{job.run_id}}"]
                ),
                parameters=[{"name": "a.b", "default": ""}],
            )
        ),
    ),
    (
        Rule.OVERRIDDEN,
        "handed-on",
        two(
            start("one", give={"day": "{{ job.parameters.day }}", "b": "{{job.parameters.`b`}}"}),
            parameters=[{"name": "day", "default": "2"}, {"name": "b", "default": "2"}],
        ),
    ),
    (Rule.OVERRIDDEN, "not-declared", two(start("one", give={"day": "1"}))),
    (
        Rule.OVERRIDDEN,
        "list-is-not-pushed-into",
        jobs(one=job(wheel(parameters=["--day=1"]), parameters=[{"name": "day", "default": "2"}])),
    ),
    (Rule.TWO_PARAMETER_OBJECTS, "one", jobs(one=job(wheel(parameters=["--a=b"])))),
    (
        Rule.NOT_A_STRING,
        "texts",
        jobs(one=job(wheel(named_parameters={"a": "true", "b": "1", "c": ""}))),
    ),
    (
        Rule.NOT_A_STRING,
        "number-of-a-variable",
        jobs(
            {"variables": {"n": {"default": 8}}}, one=job(wheel(named_parameters={"a": "${var.n}"}))
        ),
    ),
    (
        Rule.NOT_A_STRING,
        "yes-is-a-text-to-the-cli",
        {
            "databricks.yml": (
                "bundle: {name: a}\nresources: {jobs: {a: {tasks: [{task_key: a, notebook_task: "
                "{notebook_path: /a, base_parameters: {a: yes, b: 2024-01-01}}}]}}}\n"
            )
        },
    ),
    (
        Rule.TOO_LARGE,
        "just-fits",
        jobs(one=job(wheel(named_parameters={"a": "x" * 9900}), name="x" * 4096)),
    ),
    (
        Rule.SECRET,
        "scope",
        jobs(
            one=job(
                wheel(
                    named_parameters={
                        "token": "{{secrets/shop/token}}",
                        "password": "${var.password}",
                    }
                )
            )
        ),
    ),
    (
        Rule.SECRET,
        "no-secret-in-it",
        jobs(
            one=job(
                wheel(
                    parameters=[
                        "abfss://lake@shop.dfs.core.windows.net/a",
                        "https://u:${var.token}@h/a@b",
                        "https://h:443/?password={{secrets/shop/db}}",
                        "git@github.com:shop/shop",
                        "PWD=/tmp",
                    ]
                ),
                environments=_installs("https://user:$TOKEN@pypi.shop.example/simple"),
            )
        ),
    ),
    (
        Rule.SECRET,
        "about-a-secret",
        jobs(
            one=job(
                wheel(
                    named_parameters={
                        "secret_scope": "shop",
                        "secret_key": "db",
                        "max_tokens": "512",
                        "token_url": "a/b",
                        "use_token": "true",
                        "credential_name": "c",
                        "first_pass": "quick",
                        "bypass": "cache",
                        "tokenizer_model": "bert",
                        "credential_method": "oidc",
                        "secret_backend": "vault",
                        "password_hash_algorithm": "argon2",
                        "storage_credential": "lake",
                        "primary_key": "id",
                        "secret": "",
                    }
                )
            )
        ),
    ),
    (Rule.SAME_RESUME_KEY, "of-the-run", runner(parameters=["--resume-key={{job.run_id}}"])),
    (Rule.SAME_RESUME_KEY, "none", runner(named_parameters={"resume_key": ""})),
    (
        Rule.UNKNOWN_SETTING,
        "known",
        runner(named_parameters={"run-type": "{{job.parameters.run_type}}", "target_schema": "a"}),
    ),
    (
        Rule.UNKNOWN_SETTING,
        "anothers-wheel",
        jobs(one=job(wheel(named_parameters={"anything": "x"}))),
    ),
    (
        Rule.REFUSED_VALUE,
        "unresolved",
        runner(
            named_parameters={
                "threads": "{{input}}",
                "select": "state:modified",
                "target_schema": "${workspace.a}_b",
            }
        ),
    ),
    (
        Rule.NOT_DEPLOYABLE,
        "listed",
        runner(
            named_parameters={
                "target": "prod",
                "artifacts": "/Volumes/a/b/c",
                "warehouse_id": "${var.warehouse}",
            }
        ),
    ),
    (
        Rule.NOT_DEPLOYABLE,
        "no-policy-at-hand",
        jobs(one=job(wheel(package_name="dbt_runner", named_parameters={"target": "dev"}))),
    ),
    (
        Rule.SCRIPT,
        "fixed",
        runner(
            "shell",
            parameters=[
                "--script=${workspace.file_path}/a.sh",
                "--run_type={{job.parameters.run_type}}",
            ],
        ),
    ),
]
