"""The table of bad input: what each value means, or that it is refused, through every door."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dbt_runner import argv, project, settings
from dbt_runner.argv import printable
from dbt_runner.errors import PolicyError, ProjectError, RunnerError, SettingsError
from dbt_runner.execution.commands import commands
from dbt_runner.policy import Policy

REFUSED = object()

# Everything is listed here, so that what refuses a deployment setting in a job is its form.
POLICY = Policy.model_validate(
    {
        "deployment": {name: ["*"] for name in settings.DeploymentSettings.model_fields},
        "run_types": {"nightly": {"commands": ["build"]}},
    }
)

SCHEMAS = [
    pytest.param('a"; drop table x;--', REFUSED, id="closes-the-quote"),
    pytest.param('z"; drop table victim.t;--', REFUSED, id="drops-a-table"),
    pytest.param("`x`; drop table t", REFUSED, id="closes-the-backtick"),
    pytest.param('a"b', REFUSED, id="double-quote"),
    pytest.param("a'b", REFUSED, id="single-quote"),
    pytest.param("a b", REFUSED, id="space"),
    pytest.param("a.b", REFUSED, id="dot"),
    pytest.param("a/b", REFUSED, id="slash"),
    pytest.param("../x", REFUSED, id="parent-folder"),
    pytest.param("  ", REFUSED, id="two-spaces"),
    pytest.param("main ", REFUSED, id="trailing-space"),
    pytest.param("main\n", REFUSED, id="trailing-newline"),
    pytest.param("a\nb", REFUSED, id="newline"),
    pytest.param("a\x07b", REFUSED, id="bell"),
    pytest.param("a\0b", REFUSED, id="nul"),
    pytest.param("a\u202eb", REFUSED, id="right-to-left-override"),
    pytest.param("\udcff", REFUSED, id="bytes-that-are-no-utf-8"),
    pytest.param("-- x", REFUSED, id="comment"),
    pytest.param("123", REFUSED, id="number"),
    pytest.param("true", REFUSED, id="true"),
    pytest.param("null", REFUSED, id="null"),
    pytest.param("None", REFUSED, id="none"),
    pytest.param("{{ 1+1 }}", REFUSED, id="jinja"),
    pytest.param("{{job.parameters.schema}}", REFUSED, id="unresolved-job-parameter"),
    pytest.param("${var.schema}", REFUSED, id="unresolved-bundle-variable"),
    pytest.param("%s", REFUSED, id="placeholder"),
    pytest.param("$x", REFUSED, id="shell-variable"),
    pytest.param("схема", REFUSED, id="cyrillic"),
    pytest.param("日本", REFUSED, id="japanese"),
    pytest.param("\u017fchema", REFUSED, id="letter-that-folds-to-ascii"),
    pytest.param("a" * 129, REFUSED, id="129-characters"),
    pytest.param("a" * 256, REFUSED, id="256-characters"),
    pytest.param("a" * 300, REFUSED, id="300-characters"),
    pytest.param("a" * 128, "a" * 128, id="128-characters"),
    pytest.param("main", "main", id="main"),
    pytest.param("Main", "main", id="upper-case-folds"),
    pytest.param("select", "select", id="keyword-is-quoted-by-dbt"),
    pytest.param("", None, id="empty-is-not-set"),
]

ENGINE_SCHEMAS = [
    pytest.param("information_schema", REFUSED, id="information-schema"),
    pytest.param("Information_Schema", REFUSED, id="information-schema-in-mixed-case"),
    pytest.param("pg_catalog", REFUSED, id="pg-catalog"),
]

VARS = [
    pytest.param("", {}, id="empty-is-not-set"),
    pytest.param("{}", {}, id="no-variables"),
    pytest.param(" ", REFUSED, id="blank"),
    pytest.param("null", REFUSED, id="null"),
    pytest.param("abc", REFUSED, id="bare-word"),
    pytest.param("[1,2]", REFUSED, id="list"),
    pytest.param('{"x":', REFUSED, id="cut-off"),
    pytest.param('{"x":1} {"y":2}', REFUSED, id="two-objects"),
    pytest.param("a: 1\n---\nb: 2", REFUSED, id="two-yaml-documents"),
    pytest.param("x: 1", REFUSED, id="yaml"),
    pytest.param("x: !!python/object/apply:os.system [ls]", REFUSED, id="python-tag"),
    pytest.param("x: !foo bar", REFUSED, id="unknown-tag"),
    pytest.param("x: !!binary aGk=", REFUSED, id="binary-tag"),
    pytest.param("1: a", REFUSED, id="number-as-name-in-yaml"),
    pytest.param('{1: "a"}', REFUSED, id="number-as-name"),
    pytest.param('{"1": "a"}', REFUSED, id="digit-as-name"),
    pytest.param('{"a b": 1}', REFUSED, id="space-in-name"),
    pytest.param('{"x": 1, "x": 2}', REFUSED, id="name-twice"),
    pytest.param('{"x": {"y": 1, "y": 2}}', REFUSED, id="inner-name-twice"),
    pytest.param("x: 010", REFUSED, id="octal-in-yaml"),
    pytest.param('{"x": 010}', REFUSED, id="octal"),
    pytest.param('{"x": 2024-01-01}', REFUSED, id="bare-date"),
    pytest.param('{"x": "2024-01-01"}', {"x": "2024-01-01"}, id="date-is-a-text"),
    pytest.param('{"x": "\\ud800"}', REFUSED, id="lone-surrogate"),
    pytest.param('{"x": "\udcff"}', REFUSED, id="bytes-that-are-no-utf-8"),
    pytest.param('{"x": "\\u0000"}', REFUSED, id="nul"),
    pytest.param('{"x": "a\\nb"}', REFUSED, id="newline"),
    pytest.param('{"x": "\\u0085"}', REFUSED, id="next-line"),
    pytest.param('{"x": ' + "[" * 500 + "]" * 500 + "}", REFUSED, id="500-deep"),
    pytest.param('{"x": ' + "[" * 4000 + "]" * 4000 + "}", REFUSED, id="4000-deep"),
    pytest.param('{"x": [[[[1]]]]}', REFUSED, id="6-deep"),
    pytest.param('{"x": [[[1]]]}', {"x": [[[1]]]}, id="5-deep"),
    pytest.param('{"<<": {"a": 1}}', REFUSED, id="merge-key"),
    pytest.param('{"x": "{{ env_var(\'HOME\') }}"}', REFUSED, id="jinja-expression"),
    pytest.param('{"x": "{% do run_query(1) %}"}', REFUSED, id="jinja-statement"),
    pytest.param('{"x": "{# c #}"}', REFUSED, id="jinja-comment"),
    pytest.param('{"x": "\\u007b{ 1 }}"}', REFUSED, id="escaped-jinja"),
    pytest.param('{"x": "\\u007b% 1 %}"}', REFUSED, id="escaped-jinja-statement"),
    pytest.param('{"x": {"{%a": 1}}', REFUSED, id="jinja-in-an-inner-name"),
    pytest.param('{"x": [1, ["{%a"]]}', REFUSED, id="jinja-in-an-inner-value"),
    pytest.param('{"x": "{{ env_var(\'DATABRICKS_TOKEN\') }}"}', REFUSED, id="reads-a-token"),
    pytest.param('{"x": "' + "a" * 5_000_000 + '"}', REFUSED, id="5-mb"),
    pytest.param('{"x": "' + "ä" * 4100 + '"}', REFUSED, id="more-than-8-kb-in-utf-8"),
    pytest.param('{"x": ["dapi' + "0" * 32 + '"]}', REFUSED, id="databricks-token"),
    pytest.param('{"x": NaN}', REFUSED, id="nan"),
    pytest.param('{"x": -Infinity}', REFUSED, id="infinity"),
    pytest.param('{"x": 1e999}', REFUSED, id="number-that-becomes-infinity"),
    pytest.param('{"x": 1e22}', REFUSED, id="number-that-yaml-takes-for-a-text"),
    pytest.param('{"x": ' + "9" * 39 + "}", REFUSED, id="39-digits"),
    pytest.param('{"x": ' + "9" * 5000 + "}", REFUSED, id="5000-digits"),
    pytest.param('{"x": {"' + "k" * 129 + '": 1}}', REFUSED, id="name-longer-than-yaml-keys"),
    pytest.param('{"x": 0.5, "y": true, "z": null}', {"x": 0.5, "y": True, "z": None}, id="plain"),
    pytest.param('{"x": "ok 日本 😀"}', {"x": "ok 日本 😀"}, id="any-language"),
]

FREE_TEXT = [
    pytest.param("' || (select 42) || '", id="closes-the-literal"),
    pytest.param("it's", id="apostrophe"),
    pytest.param('a"b', id="double-quote"),
    pytest.param("a`b", id="backtick"),
    pytest.param("a\\\\", id="backslash"),
    pytest.param("1; drop table t", id="statement"),
    pytest.param("1 -- x", id="comment"),
    pytest.param("1 /* x", id="block-comment"),
]

SELECTIONS = [
    pytest.param("", None, id="empty-is-not-set"),
    pytest.param("  ", REFUSED, id="blank"),
    pytest.param("--full-refresh", REFUSED, id="a-flag"),
    pytest.param("-x", REFUSED, id="a-short-flag"),
    pytest.param("a --full-refresh", REFUSED, id="a-flag-behind-a-name"),
    pytest.param("a,--full-refresh", REFUSED, id="a-flag-in-an-intersection"),
    pytest.param("path:/etc/passwd", REFUSED, id="absolute-path"),
    pytest.param("/etc/passwd", REFUSED, id="absolute-path-without-its-method"),
    pytest.param("@/etc", REFUSED, id="absolute-path-with-operator"),
    pytest.param("path:../../..", REFUSED, id="path-out-of-the-project"),
    pytest.param("../..", REFUSED, id="path-out-of-the-project-without-its-method"),
    pytest.param("path:..+", REFUSED, id="path-out-of-the-project-with-children"),
    pytest.param("2+path:a/../../x+1", REFUSED, id="path-out-of-the-project-with-both"),
    pytest.param("file:../x.sql", REFUSED, id="file-out-of-the-project"),
    pytest.param("@1+path:../x", REFUSED, id="path-behind-two-operators"),
    pytest.param("a+path:../x", REFUSED, id="path-behind-a-plus"),
    pytest.param("..:path:../x", REFUSED, id="method-of-dots"),
    pytest.param("1:path:../x", REFUSED, id="method-of-digits"),
    pytest.param("foo:bar", REFUSED, id="unknown-method"),
    pytest.param("TAG:x", REFUSED, id="method-in-upper-case"),
    pytest.param("tag:", REFUSED, id="method-without-value"),
    pytest.param(":", REFUSED, id="colon"),
    pytest.param(",", REFUSED, id="comma"),
    pytest.param("a,,b", REFUSED, id="two-commas"),
    pytest.param("+", REFUSED, id="plus"),
    pytest.param("@", REFUSED, id="at"),
    pytest.param("a\nb", REFUSED, id="newline"),
    pytest.param("a\tb", REFUSED, id="tab"),
    pytest.param("a\0b", REFUSED, id="nul"),
    pytest.param("a;b", REFUSED, id="semicolon"),
    pytest.param("$(ls)", REFUSED, id="shell"),
    pytest.param("{{ 1 }}", REFUSED, id="jinja"),
    pytest.param("{%x%}", REFUSED, id="jinja-statement"),
    pytest.param("ä", REFUSED, id="no-ascii"),
    pytest.param("\udcff", REFUSED, id="bytes-that-are-no-utf-8"),
    pytest.param("state:modified", REFUSED, id="state-without-state"),
    pytest.param("+state:modified+", REFUSED, id="state-without-state-with-operators"),
    pytest.param("a,result:error", REFUSED, id="result-without-results"),
    pytest.param("1+source_status:fresher", REFUSED, id="source-status-without-state"),
    # what matches nothing is found out by the plan: exit code 3, or 2 among others that match
    pytest.param("doesnotexist", "doesnotexist", id="unknown-name"),
    pytest.param("99999999999999999999+a", "99999999999999999999+a", id="huge-depth"),
    pytest.param(" a   b ", "a b", id="spaces-part"),
    pytest.param("1+tag:x+2,@path:models/a", "1+tag:x+2,@path:models/a", id="operators"),
    pytest.param("config.materialized:view", "config.materialized:view", id="method-with-argument"),
    pytest.param("source:a.b?.*", "source:a.b?.*", id="wildcards"),
    pytest.param("a " * 20_000, ("a " * 20_000).strip(), id="20000-names"),
]

RUN_TYPES = [
    pytest.param("frobnicate", REFUSED, id="unknown"),
    pytest.param("Build", REFUSED, id="dbt-command-in-upper-case"),
    pytest.param("FULL", REFUSED, id="upper-case"),
    pytest.param("run;ls", REFUSED, id="shell"),
    pytest.param("build", REFUSED, id="dbt-command"),
    pytest.param("run-operation", REFUSED, id="macro"),
    pytest.param("None", REFUSED, id="none"),
    pytest.param(" full", REFUSED, id="leading-space"),
    pytest.param("../full", REFUSED, id="path"),
    pytest.param("", "incremental", id="empty-is-the-default"),
    pytest.param("nightly", "nightly", id="the-projects-own"),
]

THREADS = [
    pytest.param("0", REFUSED, id="zero"),
    pytest.param("-1", REFUSED, id="negative"),
    pytest.param("10000", REFUSED, id="too-many"),
    pytest.param("65", REFUSED, id="one-too-many"),
    pytest.param("abc", REFUSED, id="letters"),
    pytest.param("4.5", REFUSED, id="fraction"),
    pytest.param("4.0", REFUSED, id="whole-fraction"),
    pytest.param("٤", REFUSED, id="arabic-digit"),
    pytest.param("²", REFUSED, id="superscript"),
    pytest.param("1_0", REFUSED, id="underscore"),
    pytest.param(" 4", REFUSED, id="leading-space"),
    pytest.param("+4", REFUSED, id="plus"),
    pytest.param("--4", REFUSED, id="two-signs"),
    pytest.param("4\n", REFUSED, id="newline"),
    pytest.param("0x4", REFUSED, id="hexadecimal"),
    pytest.param("9" * 5000, REFUSED, id="5000-digits"),
    pytest.param("64", 64, id="most"),
    pytest.param("010", 10, id="leading-zero-is-decimal"),
    pytest.param("", 8, id="empty-is-the-default"),
]

TIMEOUTS = [
    pytest.param("0", REFUSED, id="zero"),
    pytest.param("-5", REFUSED, id="negative"),
    pytest.param("1h", REFUSED, id="unit"),
    pytest.param("9" * 400, REFUSED, id="longer-than-a-clock-counts"),
    pytest.param("60", 60, id="a-minute"),
]

BOOLEANS = [
    pytest.param("True ", REFUSED, id="trailing-space"),
    pytest.param("1", REFUSED, id="one"),
    pytest.param("yes", REFUSED, id="yes"),
    pytest.param("on", REFUSED, id="on"),
    pytest.param("ture", REFUSED, id="typo"),
    pytest.param("{{job.parameters.x}}", REFUSED, id="unresolved-job-parameter"),
    pytest.param("false", False, id="false-is-no-truthy-text"),
    pytest.param("True", True, id="as-python-writes-it"),
    pytest.param("", False, id="empty-is-the-default"),
]

TARGETS = [
    pytest.param("a b", REFUSED, id="space"),
    pytest.param("../x", REFUSED, id="path"),
    pytest.param("a\n", REFUSED, id="newline"),
    pytest.param("--x", REFUSED, id="flag"),
    pytest.param("täst", REFUSED, id="no-ascii"),
    pytest.param("{%x%}", REFUSED, id="jinja"),
    pytest.param("a" * 129, REFUSED, id="129-characters"),
    pytest.param("", "local", id="empty-is-the-default"),
]

CATALOGS = [
    *SCHEMAS,
    pytest.param("dev-2", "dev-2", id="hyphen-is-quoted-by-dbt"),
]

HOME = str(Path("~").expanduser())

PATHS = [
    pytest.param("a\0b", REFUSED, id="nul"),
    pytest.param("a\nb", REFUSED, id="newline"),
    pytest.param("\x1b[31m", REFUSED, id="terminal-escape"),
    pytest.param("\udcff", REFUSED, id="bytes-that-are-no-utf-8"),
    pytest.param("{{ x }}", REFUSED, id="unresolved"),
    pytest.param("${HOME}/x", REFUSED, id="shell-variable"),
    pytest.param("/x/{% do 1 %}", REFUSED, id="jinja-statement"),
    pytest.param("/x/{# x", REFUSED, id="jinja-comment"),
    pytest.param("~nobody-of-that-name/x", REFUSED, id="home-of-nobody"),
    pytest.param("dbfs:/Volumes/a/b/c", REFUSED, id="dbfs-url"),
    pytest.param("s3://bucket/x", REFUSED, id="url"),
    pytest.param("/Volumes", REFUSED, id="no-volume"),
    pytest.param("/Volumes/c/s", REFUSED, id="volume-is-missing"),
    pytest.param("//Volumes/c/s", REFUSED, id="volume-is-missing-behind-two-slashes"),
    pytest.param("/Volumes/a/b/c/../../x", REFUSED, id="climbs-out-of-the-volume"),
    pytest.param("/Volumes/a/b//c", REFUSED, id="empty-part"),
    pytest.param("/Volumes/a/b/c/x", "/Volumes/a/b/c/x", id="volume"),
    pytest.param("~/x", f"{HOME}/x", id="home-is-expanded"),
    pytest.param("x/y", str(Path.cwd() / "x" / "y"), id="relative-becomes-absolute"),
    pytest.param("//x", "/x", id="two-slashes"),
]


def rows(*tables: tuple[str, list[Any]]) -> list[Any]:
    """One row per name and value, with both in its id."""
    return [
        pytest.param(name, *row.values, id=f"{name}-{row.id}")
        for name, table in tables
        for row in table
    ]


ALL = rows(
    ("target_schema", [*SCHEMAS, *ENGINE_SCHEMAS]),
    ("full_refresh_confirm", SCHEMAS),
    ("catalog", CATALOGS),
    ("vars", VARS),
    ("select", SELECTIONS),
    ("exclude", SELECTIONS),
    ("run_type", RUN_TYPES),
    ("threads", THREADS),
    ("timeout", TIMEOUTS),
    ("full_refresh", BOOLEANS),
    ("fail_fast", BOOLEANS),
    ("target", TARGETS),
    ("artifacts", PATHS),
    ("state", PATHS),
    ("project_dir", PATHS),
    ("profiles_dir", PATHS),
)

Door = Callable[[str, str], settings.Settings]


def _through_argv(name: str, value: str, *, in_job: bool) -> settings.Settings:
    word = f"--{name}={value}"
    found = argv.read([word], booleans=settings.BOOLEANS, commands={"run"}).values
    return _check(found, {}, in_job=in_job)


def _through_environment(name: str, value: str, *, in_job: bool) -> settings.Settings:
    return _check({}, {f"DBT_RUNNER_{name.upper()}": value}, in_job=in_job)


def _check(found: dict[str, str], environ: dict[str, str], *, in_job: bool) -> settings.Settings:
    """Everything that happens to a value before the project is looked at, as in `cli`."""
    settings.project_dir(found, environ)
    chosen = settings.load(found, environ, POLICY, in_job=in_job, warn=pytest.fail)
    commands(POLICY.run_type(chosen.run_type), chosen)
    return chosen


DOORS: list[Any] = [
    pytest.param(lambda n, v: _through_argv(n, v, in_job=False), id="terminal"),
    pytest.param(lambda n, v: _through_argv(n, v, in_job=True), id="job"),
    pytest.param(lambda n, v: _through_environment(n, v, in_job=False), id="terminal-environment"),
    pytest.param(lambda n, v: _through_environment(n, v, in_job=True), id="job-environment"),
]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(("name", "value", "decision"), ALL)
def test_value_is_refused_or_has_one_meaning(
    door: Door, name: str, value: str, decision: Any
) -> None:
    """A value means the same through every door: refused in one line, or the stated value."""
    if decision is not REFUSED:
        assert getattr(door(name, value), name) == decision
        return
    with pytest.raises((SettingsError, ProjectError, PolicyError)) as caught:
        door(name, value)
    assert_one_line(caught.value)
    message = str(caught.value)
    assert message.startswith(f"{name}: ")
    assert printable(value) in message


def assert_one_line(error: RunnerError) -> None:
    """A refusal is one printable line, and the exit code is 2."""
    assert error.exit_code == 2
    assert str(error).isprintable()
    assert str(error).isascii() or "…" in str(error)
    assert len(str(error)) < 500


@pytest.mark.parametrize("text", FREE_TEXT)
def test_text_that_could_leave_a_literal_needs_a_declared_pattern(text: str) -> None:
    """What may end a literal of SQL is accepted only where the project declares a pattern."""
    given = {"vars": f'{{"x": "{text}"}}'.replace('a"b', 'a\\"b')}
    with pytest.raises(SettingsError, match=r"^vars: x holds quotes") as caught:
        settings.load(given, {}, Policy(), in_job=True, warn=pytest.fail)
    assert_one_line(caught.value)
    declared = Policy.model_validate({"vars": {"x": {"type": "string"}}})
    with pytest.raises(SettingsError, match=r"^vars: x must not hold quotes"):
        settings.load(given, {}, declared, in_job=True, warn=pytest.fail)
    pattern = Policy.model_validate({"vars": {"x": {"type": "string", "pattern": "(?s).*"}}})
    assert settings.load(given, {}, pattern, in_job=True, warn=pytest.fail).vars


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        pytest.param(["full"], "full", id="unknown-command"),
        pytest.param(["run", "full"], "full", id="second-word"),
        pytest.param(["full_refresh"], "full_refresh", id="key-without-equals"),
        pytest.param(["--full-refresh", "false"], "false", id="value-behind-a-boolean"),
        pytest.param(["--select"], "--select", id="value-is-missing"),
        pytest.param(["--select", "--full-refresh"], "--select", id="flag-in-place-of-the-value"),
        pytest.param(["--a\x1b[31m\nb"], r"--a\x1b[31m\nb", id="escape-in-a-name-without-value"),
        pytest.param(["--dapi" + "0" * 32], "--*****", id="token-in-place-of-a-name"),
        pytest.param(["--"], "--", id="two-dashes"),
        pytest.param(["--=x"], "--=x", id="name-is-missing"),
        pytest.param(["-t", "x"], "-t", id="short-option"),
        pytest.param(["run", "a\nb"], "'a\\nb'", id="newline"),
        pytest.param(["\udcff"], "'\\udcff'", id="bytes-that-are-no-utf-8"),
        pytest.param(["x" * 1000], "xxx...", id="long-word"),
    ],
)
def test_word_of_another_form_is_refused(words: list[str], shown: str) -> None:
    """A word that is neither a command nor --name=value is refused, and shown."""
    with pytest.raises(SettingsError) as caught:
        argv.read(words, booleans=settings.BOOLEANS, commands={"run"})
    assert_one_line(caught.value)
    assert shown in str(caught.value)


def test_project_folder_has_to_hold_a_project(tmp_path: Path) -> None:
    """A project_dir that is missing, a file, or without dbt_project.yml is named as such."""
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    for name, reason in (
        ("missing", "does not exist"),
        ("file", "is a file"),
        ("empty", "holds no dbt_project.yml"),
    ):
        with pytest.raises(ProjectError, match=f"^project_dir: .*{reason}") as caught:
            project.find(str(tmp_path / name))
        assert_one_line(caught.value)


@pytest.mark.parametrize("in_job", [False, True])
def test_any_text_is_read_or_refused(in_job: bool) -> None:
    """Whatever stands in a setting, it loads or is refused in one line; nothing else is raised."""
    source = random.Random(20240229)  # noqa: S311 - the same texts every time
    pieces = [
        *" \t\n\0\x1b'\"`;,:.+@-*?/\\{}[]()%#$~=<>|&!^_0123456789aZé日😀\udcff\u2028\u202e\ufeff",
        *("{{", "{%", "..", "--", "1e999", "null", "NaN", '{"a":', "path:", "state:", "/Volumes/"),
        *(
            "tag:x",
            "true",
            "local",
            "-1",
            "9" * 50,
            "0.1",
            "full",
            '{"late":"x"}',
            "~root",
            "\\u0000",
        ),
    ]
    names = list(settings.Settings.model_fields)
    for _ in range(1500):
        name = source.choice(names)
        text = "".join(source.choices(pieces, k=source.randint(1, 8)))
        door = source.choice([_through_argv, _through_environment])
        try:
            door(name, text, in_job=in_job)
        except RunnerError as error:
            assert_one_line(error)


def test_any_words_are_read_or_refused() -> None:
    """The same holds for any command line."""
    source = random.Random(7)  # noqa: S311 - the same words every time
    pieces = [*"-=_ a\n\x1b\udcff\u2028é", "--", "--select", "--vars=", "run", "full-refresh"]
    for _ in range(1000):
        words = ["".join(source.choices(pieces, k=source.randint(0, 4))) for _ in range(3)]
        try:
            argv.read(words, booleans=settings.BOOLEANS, commands={"run"})
        except RunnerError as error:
            assert_one_line(error)


DRIVER = """
import sys
from dbt_runner import cli
try:
    code = cli.{door}()
finally:
    heavy = {{"dbt", "duckdb", "rich", "structlog"}} & sys.modules.keys()
    print("imported:", *sorted(heavy))
sys.exit(code)
"""


def _start(door: str, *words: str | bytes, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", DRIVER.format(door=door), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={
            **{key: text for key, text in os.environ.items() if not key.startswith("DBT_")},
            "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
            **environ,
        },
    )


@pytest.mark.parametrize(
    ("words", "line"),
    [
        pytest.param(["--threads=0"], "dbt-runner: threads: ", id="threads"),
        pytest.param(['--target_schema=a"; drop table x;--'], "target_schema: ", id="schema"),
        pytest.param(['--vars={"x": "{{ 1 }}"}'], "dbt-runner: vars: ", id="vars"),
        pytest.param([b"--select=\xff"], r"'\udcff'", id="bytes-that-are-no-utf-8"),
        pytest.param(["--run-type=frobnicate"], "dbt-runner: run_type: ", id="run-type"),
    ],
)
@pytest.mark.parametrize("door", ["main", "module_main"])
def test_refusal_is_one_line_and_starts_nothing(
    door: str, words: list[str | bytes], line: str, tmp_path: Path
) -> None:
    """Bad input ends with exit code 2 and one line, before dbt or any database is imported."""
    ended = _start(door, f"--artifacts={tmp_path}" if door == "main" else "--grace=5", *words)
    assert ended.returncode == 2
    assert line in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert ended.stdout == "imported:\n"
    assert not any(tmp_path.iterdir())


def test_target_that_does_not_exist_starts_nothing(tmp_path: Path) -> None:
    """A target that only the project can refuse is refused before dbt or a database is imported."""
    ended = _start("main", "--target=nope", f"--artifacts={tmp_path}")
    assert ended.returncode == 2
    assert ended.stderr.startswith("dbt-runner: target: 'nope' is no target of tpch")
    assert not {"dbt", "duckdb"} & set(ended.stdout.split())
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("word", ["--help", "-h", "--version"])
def test_help_waits_for_nothing(word: str) -> None:
    """Help and version are printed without importing dbt or any database."""
    ended = _start("main", word)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "dbt-runner" in ended.stdout
    assert ended.stdout.endswith("imported:\n")


def test_entry_point_raises_an_ordinary_exception() -> None:
    """The wheel task's entry point raises, and the last line of the traceback is the reason."""
    ended = _start("run", "--run_type=frobnicate")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith(
        "dbt_runner.errors.SettingsError: run_type: 'frobnicate' is no run type"
    )
    assert ended.stdout == "imported:\n"


def test_environment_is_read_as_the_command_line_is() -> None:
    """A value in DBT_RUNNER_* is refused in the same words."""
    ended = _start("main", DBT_RUNNER_THREADS="0")
    assert ended.returncode == 2
    assert ended.stderr.startswith("dbt-runner: threads: ")
