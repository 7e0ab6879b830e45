"""What is sent to start a job: the seed's matrix, its examples, and what is refused before."""

from __future__ import annotations

import json
from typing import Any

import pytest
from databricks.sdk.service.jobs import JobSettings

from dbt_runner.errors import SettingsError
from dbt_runner.jobs.trigger import parameter_object, payload, request, tokens
from dbt_runner.jobs.trigger.parameter_object import KINDS, LARGEST

WHEEL = {"python_wheel_task": {"package_name": "other", "entry_point": "main"}}
OURS = {"python_wheel_task": {"package_name": "dbt_runner", "entry_point": "run"}}
NOTEBOOK = {"notebook_task": {"notebook_path": "/n"}}
SCRIPT = {"spark_python_task": {"python_file": "/s.py"}}
JAR = {"spark_jar_task": {"main_class_name": "com.acme.Main"}}
SUBMIT = {"spark_submit_task": {"parameters": ["--class", "com.acme.Main"]}}
SQL = {"sql_task": {"warehouse_id": "w", "file": {"path": "/q.sql"}}}
RUN_JOB = {"run_job_task": {"job_id": 5}}
LISTED = {"python_wheel_task": {"package_name": "other", "parameters": ["--a=b"]}}


def job(*tasks: dict[str, Any], declares: tuple[str, ...] = (), **fields: Any) -> JobSettings:
    """A job's settings, as the SDK reads them."""
    numbered = [{"task_key": f"t{place}", **task} for place, task in enumerate(tasks)]
    parameters = [{"name": name, "default": ""} for name in declares]
    return JobSettings.from_dict({"tasks": numbered, "parameters": parameters, **fields})


# The seed's matrix, section 4: object, container, example, task type that reads it


@pytest.mark.parametrize(
    ("task", "kind", "example"),
    [
        pytest.param(
            NOTEBOOK,
            "notebook_params",
            {"env": "prod", "schema": "sales", "gparamA": "foo"},
            id="notebook",
        ),
        pytest.param(SCRIPT, "python_params", ["--env", "prod", "gparamB"], id="spark-python"),
        pytest.param(
            WHEEL, "python_named_params", {"run_type": "full", "gparamC": "bar"}, id="wheel"
        ),
        pytest.param(
            JAR, "jar_params", ["com.acme.Main", "--env", "prod", "gparamD"], id="spark-jar"
        ),
        pytest.param(
            SUBMIT,
            "spark_submit_params",
            ["--class", "com.acme.Main", "gparamE"],
            id="spark-submit",
        ),
    ],
)
def test_task_type_decides_on_the_object(
    task: dict[str, Any], kind: str, example: dict[str, str] | list[str]
) -> None:
    """Each row of the matrix: a job with such tasks is sent the object that they read."""
    named = example if isinstance(example, dict) else {}
    words = example if isinstance(example, list) else []
    assert request.parameters(job(task, task), named, words, None) == {kind: example}
    # the object is optional
    assert request.parameters(job(task), {}, [], None) == {}


def test_job_that_declares_parameters_is_sent_those() -> None:
    """They come before what the tasks read, whatever these are."""
    declared = job(OURS, NOTEBOOK, RUN_JOB, declares=("run_type", "target_schema"))
    values = {"run_type": "full", "target_schema": "finance"}
    assert request.parameters(declared, values, [], None) == {"job_parameters": values}


def test_object_of_a_for_each_task_is_that_of_the_task_inside() -> None:
    """The loop itself reads nothing."""
    loop = {"for_each_task": {"inputs": "[1]", "task": {"task_key": "inner", **WHEEL}}}
    assert request.parameters(job(loop), {"a": "b"}, [], None) == {
        "python_named_params": {"a": "b"}
    }


def test_tasks_that_read_nothing_stand_beside_one_kind() -> None:
    """SQL, conditions and the like don't make a job mixed."""
    sent = request.parameters(job(NOTEBOOK, SQL), {"a": "b"}, [], None)
    assert sent == {"notebook_params": {"a": "b"}}


def test_names_become_words_for_a_script() -> None:
    """A Python script that is given names gets them as `python -m dbt_runner` reads them."""
    sent = request.parameters(job(SCRIPT), {"run_type": "full", "vars": '{"a": 1}'}, [], None)
    assert sent == {"python_params": ["--run_type=full", '--vars={"a": 1}']}


def test_choice_settles_a_mixed_job() -> None:
    """Where the tasks read several objects, `--send` says which one goes."""
    mixed = job(NOTEBOOK, WHEEL)
    wanted = KINDS["notebook_params"]
    assert request.parameters(mixed, {"a": "b"}, [], wanted) == {"notebook_params": {"a": "b"}}


@pytest.mark.parametrize(
    ("settings", "named", "words", "send", "message"),
    [
        pytest.param(
            job(NOTEBOOK, WHEEL),
            {"a": "b"},
            [],
            None,
            "read notebook_params, python_named_params, of which one can be sent; declare job "
            "parameters, or choose with --send",
            id="mixed",
        ),
        pytest.param(
            job(SQL, RUN_JOB), {"a": "b"}, [], None, "no task of the job reads param", id="none"
        ),
        pytest.param(job(LISTED), {"a": "b"}, [], None, "what t0 reads cannot be told", id="list"),
        pytest.param(
            job(NOTEBOOK, declares=("env",)),
            {"env": "b"},
            [],
            "notebook_params",
            "declares parameters, and then notebook_params is refused",
            id="task-object-beside-job-parameters",
        ),
        pytest.param(
            job(NOTEBOOK), {"a": "b"}, [], "job_parameters", "declares no param", id="undeclared"
        ),
        pytest.param(
            job(NOTEBOOK), {"a": "b"}, [], "jar_params", "they read notebook_params", id="unread"
        ),
        pytest.param(job(NOTEBOOK), {}, ["x"], None, "write --param name=value", id="words"),
        pytest.param(job(JAR), {"a": "b"}, [], None, "write --arg WORD for each", id="names"),
        pytest.param(job(JAR), {"a": "b"}, ["x"], None, "only one parameter object", id="both"),
        pytest.param(
            job(OURS, declares=("run_type", "target_schema")),
            {"target_shema": "x"},
            [],
            None,
            "'target_shema': is no parameter of the job; did you mean target_schema?",
            id="unknown-near",
        ),
        pytest.param(
            job(OURS, declares=("run_type",)),
            {"zzz": "x"},
            [],
            None,
            "there is run_type",
            id="unknown-far",
        ),
        pytest.param(job(OURS), {"runtype": "full"}, [], None, "mean run_type?", id="ours-unknown"),
    ],
)
def test_what_the_job_does_not_read_is_refused(
    settings: JobSettings, named: dict[str, str], words: list[str], send: str | None, message: str
) -> None:
    """Each case names the way out."""
    wanted = KINDS[send] if send else None
    with pytest.raises(SettingsError) as caught:
        request.parameters(settings, named, words, wanted)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("named", "words", "message"),
    [
        ({}, "--env", "arg: must be a list of words, got a str"),
        ({}, b"--env", "arg: must be a list of words, got a bytes"),
        ("env", (), "param: must be names and texts, got a str"),
        ([("env", "prod")], (), "param: must be names and texts, got a list"),
    ],
)
def test_library_is_not_given_a_text_for_a_list(named: Any, words: Any, message: str) -> None:
    """A text would be sent letter by letter."""
    with pytest.raises(SettingsError, match=message):
        request.parameters(job(SCRIPT), named, words, None)


ENV = {"notebook_path": "/n", "base_parameters": {"env": "dev"}}
FOREIGN = {"package_name": "other", "named_parameters": {"run_type": ""}}


@pytest.mark.parametrize(
    ("settings", "kind", "values"),
    [
        pytest.param(
            job({"notebook_task": ENV}),
            "notebook_params",
            {"env": "prod", "schema": "sales"},
            id="seeds-example",
        ),
        pytest.param(
            job({"python_wheel_task": FOREIGN}),
            "python_named_params",
            {"run_type": "full", "target_schema": "finance"},
            id="foreign-wheel",
        ),
        pytest.param(
            job(OURS, {"python_wheel_task": FOREIGN}),
            "python_named_params",
            {"region": "eu"},
            id="foreign-wheel-beside-ours",
        ),
        pytest.param(
            job({"python_wheel_task": FOREIGN}, tags={"project": "dbt_runner"}),
            "python_named_params",
            {"region": "eu"},
            id="foreign-wheel-in-a-job-of-ours",
        ),
    ],
)
def test_names_that_need_not_be_written_out_are_sent(
    settings: JobSettings, kind: str, values: dict[str, str]
) -> None:
    """A notebook may have more widgets than the job lists, and a wheel takes any name."""
    assert request.parameters(settings, values, [], None) == {kind: values}


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"run_type": "frobnicate"}, id="run-type"),
        pytest.param({"run_type": "Build"}, id="run-type-case"),
        pytest.param({"run_type": "run;ls"}, id="run-type-shell"),
        pytest.param({"target_schema": 'z"; drop table victim.t;--'}, id="schema-sql"),
        pytest.param({"target_schema": "information_schema"}, id="schema-reserved"),
        pytest.param({"target_schema": "схема"}, id="schema-letters"),
        pytest.param({"target_schema": "{{job.parameters.x}}"}, id="unresolved"),
        pytest.param({"vars": "[1,2]"}, id="vars-list"),
        pytest.param({"vars": '{"x":'}, id="vars-broken"),
        pytest.param({"vars": '{"late_window_days": 9999}'}, id="vars-bound"),
        pytest.param({"vars": '{"nope": 1}'}, id="vars-unknown"),
        pytest.param({"select": "a --full-refresh"}, id="select-flag"),
        pytest.param({"select": "a", "selector": "b"}, id="together"),
        pytest.param({"artifacts": "/tmp/elsewhere"}, id="deployment"),  # noqa: S108
        pytest.param({"catalog": "elsewhere", "target": "databricks"}, id="catalog-of-no-target"),
        pytest.param({"full_refresh": "True "}, id="boolean-blank"),
        pytest.param({"full_refresh": "1"}, id="boolean-number"),
        pytest.param({"full_refresh": "yes"}, id="boolean-word"),
        pytest.param({"threads": "0"}, id="threads-none"),
        pytest.param({"threads": "٤"}, id="threads-digit"),
        pytest.param({"timeout": "1h"}, id="timeout-unit"),
    ],
)
@pytest.mark.parametrize("by_tag", [False, True], ids=["wheel", "tag"])
def test_what_the_run_would_refuse_is_refused_here(values: dict[str, str], by_tag: bool) -> None:
    """For a job of this package the rules of its settings are known."""
    task, tags = (RUN_JOB, {"project": "dbt_runner"}) if by_tag else (OURS, {})
    settings = job(task, declares=tuple(values), tags=tags)
    with pytest.raises(SettingsError):
        request.parameters(settings, values, [], None)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"run_type": "land_day"}, id="own-run-type"),
        pytest.param({"target_schema": "Finance", "select": ""}, id="empty-is-not-set"),
        pytest.param({"full_refresh": "false"}, id="boolean"),
        pytest.param({"note": "--a=b"}, id="dashes-in-a-value"),
        pytest.param({"select": "state:modified"}, id="state-is-the-jobs"),
        pytest.param({"ingest": "{{ anything }}"}, id="job-specific"),
        pytest.param({"catalog": "main", "warehouse_id": "abc"}, id="deployment-listed"),
    ],
)
def test_what_the_run_takes_is_sent_as_it_is(values: dict[str, str]) -> None:
    """Values are judged, never changed; what is no setting is the job's own affair."""
    settings = job(OURS, declares=tuple(values))
    assert request.parameters(settings, values, [], None) == {"job_parameters": values}


def listed(*words: str) -> dict[str, Any]:
    """A task with our wheel and a list of words, into which nothing is pushed."""
    return {"python_wheel_task": {"package_name": "dbt-runner", "parameters": list(words)}}


TAGS = {"project": "dbt_runner"}
OWN = {"threads": "auto", "target": "staging", "select": "a --full-refresh"}


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(job(listed("--run-type=full"), NOTEBOOK, declares=tuple(OWN)), id="list"),
        pytest.param(
            job(listed("--vars={{job.parameters.region}}"), declares=(*OWN, "region"), tags=TAGS),
            id="another-is-referred-to",
        ),
        pytest.param(job(SQL, SCRIPT, declares=tuple(OWN), tags=TAGS), id="tag"),
        pytest.param(
            job(
                listed("--a=b"),
                {"notebook_task": {**ENV, "base_parameters": {"t": "{{job.parameters.threads}}"}}},
                declares=tuple(OWN),
                tags=TAGS,
            ),
            id="another-task-refers-to-it",
        ),
    ],
)
def test_parameter_that_reaches_no_task_of_ours_is_the_jobs_own(settings: JobSettings) -> None:
    """In a job with our wheel or tag, `threads=auto` may be meant for another task."""
    assert request.parameters(settings, OWN, [], None) == {"job_parameters": OWN}


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(
            job(listed("--threads={{ job.parameters.threads }}"), declares=("threads",)), id="word"
        ),
        pytest.param(job(listed("--a=b"), OURS, declares=("threads",)), id="pushed"),
        pytest.param(
            job(listed("--a=b"), RUN_JOB, declares=("threads",), tags=TAGS), id="job-below"
        ),
        pytest.param(job(NOTEBOOK, declares=("threads",), tags=TAGS), id="widget"),
        pytest.param(
            job(
                {
                    "for_each_task": {
                        "inputs": "[1]",
                        "task": {
                            "task_key": "inner",
                            **listed("--threads", "{{job.parameters.threads}}"),
                        },
                    }
                },
                declares=("threads",),
            ),
            id="loop",
        ),
        pytest.param(job(SCRIPT, tags=TAGS), id="script"),
    ],
)
def test_parameter_that_reaches_our_task_is_judged(settings: JobSettings) -> None:
    """Whether it is pushed there, or the task refers to it."""
    with pytest.raises(SettingsError, match="threads"):
        request.parameters(settings, {"threads": "auto"}, [], None)


def test_rules_of_a_run_are_not_held_against_other_jobs() -> None:
    """A stranger's `select` may mean anything."""
    values = {"select": "a --full-refresh", "timeout": "1h"}
    assert request.parameters(job(NOTEBOOK), values, [], None) == {"notebook_params": values}


# Whole requests: the seed's example payloads, section 2, and its rules


@pytest.mark.parametrize(
    "example",
    [
        pytest.param({"job_id": 12345}, id="minimal"),
        pytest.param(
            {
                "job_id": 12345,
                "notebook_params": {"env": "prod", "schema": "sales"},
                "idempotency_token": "daily-prod-20250624",
            },
            id="notebook",
        ),
        pytest.param(
            {
                "job_id": 67890,
                "python_named_params": {"run_type": "incremental", "target_schema": "finance"},
            },
            id="wheel",
        ),
    ],
)
def test_example_payloads_are_taken(example: dict[str, Any]) -> None:
    """Each example of the seed is read and comes out as it went in."""
    found = payload.load(json.dumps(example))
    task = NOTEBOOK if found.kind == "notebook_params" else WHEEL
    kind = KINDS[found.kind] if found.kind else None
    values = request.parameters(job(task), found.named, found.words, kind)
    token = found.idempotency_token or tokens.fresh()
    sent = request.Request("https://h", found.job_id, values, token)
    assert sent.body() == {"idempotency_token": token, **example}


BIG = "x" * (LARGEST - len('{"notebook_params":{"a":""}}'))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param({}, "job_id: must be the number", id="no-job"),
        pytest.param({"job_id": "12345"}, "job_id: must be the number", id="job-as-text"),
        pytest.param({"job_id": True}, "job_id: must be the number", id="job-as-boolean"),
        pytest.param({"job_id": 0}, "job_id: must be the number", id="job-zero"),
        pytest.param([1], "json: must be an object", id="list"),
        pytest.param(
            {"job_id": 1, "notebook_params": {}, "jar_params": []},
            "notebook_params and jar_params: only one",
            id="two-objects",
        ),
        pytest.param(
            {"job_id": 1, "job_parameters": {}, "python_named_params": {}},
            "job_parameters and python_named_params: only one",
            id="two-objects-one-of-the-job",
        ),
        pytest.param({"job_id": 1, "notebook_params": {"a": 1}}, "must be a text", id="number"),
        pytest.param({"job_id": 1, "notebook_params": {"a": None}}, "must be a text", id="null"),
        pytest.param({"job_id": 1, "notebook_params": {"a": True}}, "must be a text", id="boolean"),
        pytest.param({"job_id": 1, "notebook_params": {"a": {}}}, "must be a text", id="nested"),
        pytest.param({"job_id": 1, "notebook_params": ["a"]}, "must be an object", id="not-a-map"),
        pytest.param({"job_id": 1, "notebook_params": {"": "a"}}, "is no name", id="no-name"),
        pytest.param({"job_id": 1, "python_params": {"a": "b"}}, "must be a list", id="not-a-list"),
        pytest.param({"job_id": 1, "python_params": "a b"}, "must be a list", id="one-text"),
        pytest.param({"job_id": 1, "jar_params": ["a", 2]}, "must be a text", id="number-in-list"),
        pytest.param({"job_id": 1, "python_params": ["é"]}, "must be ASCII", id="not-ascii"),
        pytest.param(
            {"job_id": 1, "notebook_params": {"a": f"{BIG}x"}}, "10000 bytes", id="too-large"
        ),
        pytest.param(
            {"job_id": 1, "notebook_params": {"a": "é" * 1700}}, "10000 bytes", id="escapes-count"
        ),
        pytest.param({"job_id": 1, "notebook_params": {"a": "\0"}}, "null char", id="nul"),
        pytest.param({"job_id": 1, "notebook_params": {"a": "\ud800"}}, "no UTF-8", id="surrogate"),
        pytest.param(
            {"job_id": 1, "notebook_params": {"db_password": "x"}}, "secret", id="secret-name"
        ),
        pytest.param(
            {"job_id": 1, "jar_params": ["--token=x"]}, "secret", id="secret-name-in-a-word"
        ),
        pytest.param({"job_id": 1, "jar_params": [f"dapi{'0' * 32}"]}, "secret", id="secret-value"),
        pytest.param(
            {"job_id": 1, "timeout_seconds": 60}, "the client's wait is --timeout", id="timeout"
        ),
        pytest.param(
            {"job_id": 1, "notebook_parms": {}}, "did you mean notebook_params?", id="typo"
        ),
        pytest.param({"job_id": 1, "sql_params": {}}, "declare job parameters", id="sql"),
        pytest.param({"job_id": 1, "idempotency_token": 5}, "must be a text", id="token-number"),
        pytest.param({"job_id": 1, "idempotency_token": ""}, "1 to 64", id="token-empty"),
        pytest.param({"job_id": 1, "idempotency_token": "x" * 65}, "got 65", id="token-long"),
        pytest.param({"job_id": 1, "idempotency_token": "ü"}, "ASCII", id="token-letters"),
    ],
)
def test_bad_payload_is_refused(content: object, message: str) -> None:
    """Every rule of the seed, and each case of the API that nobody should find out by a run."""
    with pytest.raises(SettingsError) as caught:
        payload.load(json.dumps(content))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("{", id="broken"),
        pytest.param('{"job_id": 1, "job_id": 2}', id="twice"),
        pytest.param("@/nowhere/at/all.json", id="no-file"),
        pytest.param("[" * 100_000, id="deep"),
    ],
)
def test_what_is_no_json_is_refused(text: str) -> None:
    """A name that stands twice would silently lose a value."""
    with pytest.raises(SettingsError, match=r"^json: "):
        payload.load(text)


def test_largest_object_is_taken() -> None:
    """10,000 bytes as JSON, the object's name included, are still sent."""
    parameter_object.check(KINDS["notebook_params"], {"a": BIG})


# Secrets


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("secret_scope", "prod"),
        ("max_tokens", "4096"),
        ("tokenizer", "cl100k_base"),
        ("first_pass", "2024-01-01"),
        ("credential_name", "raw_zone"),
        ("storage_credential", "raw_zone"),
        ("redact_passwords", "true"),
        ("redact_passwords", "users, admins"),
        ("partition_key", "order_id"),
        ("next_token", "2024-01-01T00:00:00Z"),
        ("token", "{{secrets/scope/key}}"),
        ("password", ""),
        ("p", '{"max_tokens": "4096", "token": true, "a": [1, null]}'),
        ("p", '{"password"'),
        ("p", "[" * 9000),
    ],
)
def test_what_only_sounds_like_a_secret_is_sent(name: str, text: str) -> None:
    """A name counts by its last whole words, and a plain value is none whatever its name."""
    parameter_object.check(KINDS["job_parameters"], {name: text})
    parameter_object.check(KINDS["jar_params"], [f"--{name}={text}"])
    parameter_object.check(KINDS["jar_params"], [f"--{name}", text])


def test_option_is_no_value_of_the_one_before() -> None:
    """A switch that is named like a secret has no value behind it."""
    parameter_object.check(KINDS["jar_params"], ["--ask-password", "--verbose", "all"])


def test_key_beside_its_scope_is_the_name_of_a_secret() -> None:
    """Both together are the way that secrets should go."""
    values = {"secret_scope": "prod", "secret_key": "warehouse-login"}
    parameter_object.check(KINDS["job_parameters"], values)
    with pytest.raises(SettingsError, match="secret_key looks like a secret"):
        parameter_object.check(KINDS["job_parameters"], {"secret_key": "warehouse-login"})


@pytest.mark.parametrize(
    ("kind", "value", "name"),
    [
        ("job_parameters", {"p": '{"db_password":"hunter2hunter2"}'}, "db_password"),
        ("job_parameters", {"p": '[{"a": {"apiKey": ["hunter2"]}}]'}, "apiKey"),
        ("job_parameters", {"p": '{"a": "{\\"token\\": \\"hunter2\\"}"}'}, "token"),
        ("job_parameters", {"p": f'{{"a": "dapi{"0" * 32}"}}'}, "p"),
        ("job_parameters", {"url": "https://me:hunter2@host/"}, "url"),
        ("job_parameters", {"db_password": "hunter2"}, "db_password"),
        ("job_parameters", {"token_prod": "hunter2"}, "token_prod"),
        ("python_params", ["--password", "hunter2hunter2"], "password"),
        ("python_params", ["--a=b", "--api-key", "hunter2"], "api-key"),
        ("python_params", ["password=hunter2"], "password"),
        ("python_params", ['--p={"db_password":"hunter2"}'], "db_password"),
        ("python_params", ['{"db_password":"hunter2"}'], "db_password"),
    ],
)
def test_secret_is_refused_wherever_it_stands(kind: str, value: Any, name: str) -> None:
    """By its form anywhere; by its name also within JSON and as a word of its own; never shown."""
    with pytest.raises(SettingsError) as caught:
        parameter_object.check(KINDS[kind], value)
    assert f"{name} looks like a secret" in str(caught.value)
    assert "hunter2" not in str(caught.value)


# The token


def test_longest_token_is_taken() -> None:
    """64 characters are what the API takes."""
    assert tokens.given("x" * 64) == "x" * 64


def test_derived_token_stands_for_one_intent() -> None:
    """Equal facts give it again; any other host, job, value or key another; it always fits."""
    base: tuple[str, int, dict[str, Any], str] = ("h", 1, {"job_parameters": {"a": "1"}}, "day")
    others = [
        ("g", 1, {"job_parameters": {"a": "1"}}, "day"),
        ("h", 2, {"job_parameters": {"a": "1"}}, "day"),
        ("h", 1, {"job_parameters": {"a": "2"}}, "day"),
        ("h", 1, {"notebook_params": {"a": "1"}}, "day"),
        ("h", 1, {}, "day"),
        ("h", 1, {"job_parameters": {"a": "1"}}, "day2"),
    ]
    assert tokens.derived(*base) == tokens.derived(*base)
    assert len({tokens.derived(*facts) for facts in [base, *others]}) == 7
    assert len(tokens.given(tokens.derived(*base))) == 64


def test_order_of_parameters_does_not_change_the_token() -> None:
    """The same names and values are the same intent."""
    one, other = {"job_parameters": {"a": "1", "b": "2"}}, {"job_parameters": {"b": "2", "a": "1"}}
    assert tokens.derived("h", 1, one, "k") == tokens.derived("h", 1, other, "k")


def test_order_of_names_does_not_change_the_words_of_a_script() -> None:
    """So `--once-per` gives one run, in whichever order somebody writes `--param`."""
    one, other = {"b": "2", "a": "1"}, {"a": "1", "b": "2"}
    sent = [request.parameters(job(SCRIPT), named, [], None) for named in (one, other)]
    assert sent == [{"python_params": ["--a=1", "--b=2"]}] * 2
    # words that somebody orders stay as they are
    assert request.parameters(job(SCRIPT), {}, ["b", "a"], None) == {"python_params": ["b", "a"]}


@pytest.mark.parametrize(
    "host",
    [
        "https://acme.cloud.databricks.com:443",
        "https://acme.cloud.databricks.com/",
        "https://acme.cloud.databricks.com/?o=1",
        "https://acme.cloud.databricks.com?o=1#job",
        "HTTPS://Acme.cloud.databricks.com",
        "http://acme.cloud.databricks.com",
        "http://acme.cloud.databricks.com:80/",
        " acme.cloud.databricks.com. ",
        "acme.cloud.databricks.com:443/",
    ],
)
def test_spelling_of_the_host_does_not_change_the_token(host: str) -> None:
    """One workspace has one name; another port is another server."""
    same = tokens.derived("https://acme.cloud.databricks.com", 1, {}, "k")
    assert tokens.derived(host, 1, {}, "k") == same
    assert tokens.derived("https://acme.cloud.databricks.com:8443", 1, {}, "k") != same


def test_default_that_is_written_out_is_another_request() -> None:
    """What the job would take by itself may change with the job; what is sent may not."""
    assert tokens.derived("h", 1, {"job_parameters": {"a": "default"}}, "k") != (
        tokens.derived("h", 1, {}, "k")
    )


def test_empty_key_is_refused() -> None:
    """A variable that was never filled in would name every intent alike."""
    with pytest.raises(SettingsError, match="once_per: must not be empty"):
        tokens.derived("h", 1, {}, " ")


def test_fresh_tokens_differ() -> None:
    """Without a name each call is an intent of its own."""
    assert len({tokens.given(tokens.fresh()) for _ in range(100)}) == 100
