"""What a parse decides on and reads is seen, and watching it changes nothing."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import parses
from dbt_runner.engine.baking.watch import Names, Seen, Watch
from generated_project import write

CASES = yaml.safe_load((Path(__file__).parent / "watch_cases.yml").read_text())

MACROS = """
{% macro quoted(name) %}<{{ name }}>{% endmacro %}
{% macro returned(name) %}{% do return(name) %}{% endmacro %}
{% macro decides(name) %}{% if name == 'prod' %}{{ ref('truth') }}{% endif %}{% endmacro %}
{% macro title() %}{% if target.schema == 'prod' %}{{ ref('truth') }}{% endif %}{% endmacro %}
{% macro index(name) %}{{ ref('truth' if name == 'prod' else 'none') }}{% endmacro %}
{% macro calls(var) %}{% if target.schema == 'prod' %}{{ var('truth') }}{% endif %}{% endmacro %}
{% macro later() %}
  {% for i in [1] %}{{ 'y' if this is defined else 'n' }}{% endfor %}{% set this = 1 %}
{% endmacro %}
{% macro comma(l) %}{{ return('' if l.last else ',') }}{% endmacro %}
{% macro limited(name) %}{% if name == 'prod' %}limit 10{% endif %}{% endmacro %}
{% macro cut(name) %}{{ name | replace('dev_', '') }}{% endmacro %}
{% macro stamp() %}at {{ run_started_at }}{% endmacro %}
"""

Parse = Callable[[dict[str, str]], tuple[Any, Seen]]


@pytest.fixture(scope="module")
def parse(tmp_path_factory: pytest.TempPathFactory) -> Parse:
    """Parses a project of these files, watched."""

    def run(files: dict[str, str]) -> tuple[Any, Seen]:
        manifest, seen = parses.parse(tmp_path_factory.mktemp("root_stand_in"), files, watch=True)
        assert seen is not None
        return manifest, seen

    return run


@pytest.fixture(scope="module")
def project(parse: Parse) -> tuple[Any, Seen]:
    """One project of all the cases."""
    models = {f"models/{name}.sql": case["sql"] for name, case in CASES.items()}
    return parse({"macros/all.sql": MACROS, **models})


@pytest.fixture(scope="module")
def cases(project: tuple[Any, Seen]) -> Seen:
    """What was seen of all the cases."""
    return project[1]


@pytest.mark.parametrize("name", CASES)
def test_body(name: str, cases: Seen) -> None:
    """What a model's body does with a name is told of that model, or is fine."""
    told = [str(offence.what) for offence in cases.offences if offence.where.endswith(f".{name}")]
    expected = CASES[name].get("offence")
    if expected is None:
        assert told == []
    else:
        assert any(expected in what for what in told), told


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "config" in case])
def test_as_unwatched(name: str, project: tuple[Any, Seen]) -> None:
    """What a model sets is what it sets unwatched."""
    config = project[0].nodes[f"model.watched.{name}"].config
    assert {key: config[key] for key in CASES[name]["config"]} == CASES[name]["config"]


def test_all_places_known(cases: Seen) -> None:
    """Each offence names one of the models."""
    assert {offence.where for offence in cases.offences} <= {f"model.watched.{n}" for n in CASES}


def test_reads(cases: Seen) -> None:
    """Variables, environment variables and flags are known by name; the profile's do not count."""
    assert cases.variables == {
        *("kind", "other", "at", "never", "since", "day", "full"),
        "schema_stand_in",
    }
    assert cases.environment == {"WATCH_KIND"}
    assert cases.flags == {"FULL_REFRESH"}


NAMING = {
    "by target's name": (
        "generate_schema_name",
        """{% if target.name == 'prod' and c is not none %}{{ c | trim }}{% else %}
        {{ target.schema }}{% if c %}_{{ c | trim }}{% endif %}{% endif %}""",
        None,
    ),
    "alone": ("generate_schema_name", "{{ c if c is not none else target.schema }}", None),
    "by the node": (
        "generate_schema_name",
        """{% if node.name.startswith('a') and node.fqn[0] == 'watched' %}{{ target.schema }}_a
        {% else %}{{ return(target.schema ~ '_b') }}{% endif %}""",
        None,
    ),
    "by the schema": (
        "generate_schema_name",
        "{% if target.schema == 'prod' %}{{ c }}{% else %}{{ target.schema }}{% endif %}",
        "compares the schema: target.schema == 'prod'",
    ),
    "upper": ("generate_schema_name", "{{ target.schema | upper }}", "keeps"),
    "cut": ("generate_schema_name", "{{ return(target.schema[:8]) }}", "keeps the schema, a part"),
    "database": ("generate_database_name", "{{ c or target.database }}", None),
    "database by the catalog": (
        "generate_database_name",
        "{% if target.database.startswith('dev') %}{{ c }}{% else %}dev{% endif %}",
        "uses the catalog, by startswith()",
    ),
    "alias": ("generate_alias_name", "{{ target.schema }}__{{ c or node.name }}", None),
}


@pytest.mark.parametrize("name", NAMING)
def test_naming_macros(name: str, parse: Parse) -> None:
    """A macro that gives a node its names may carry a name, but not look at it."""
    macro, body, expected = NAMING[name]
    files = {
        "macros/naming.sql": f"{{% macro {macro}(c, node) %}}{body}{{% endmacro %}}",
        "models/a.sql": "{{ config(schema='marts') }} select 1 as one",
        "models/b.sql": "select * from {{ ref('a') }}",
    }
    _, seen = parse(files)
    told = {(offence.where, expected in offence.what) for offence in seen.offences if expected}
    assert bool(seen.offences) == bool(expected)
    assert told == ({("model.watched.a", True), ("model.watched.b", True)} if expected else set())


YAML_FILES = {
    "dbt_project.yml": """
        name: watched
        profile: watched
        vars: {from_project: "{{ target.schema }}"}
        models:
          watched:
            +schema: "{{ var('of_project', 'x') }}"
            +enabled: "{{ PROJECT }}"
    """,
    "models/a.sql": "select 1 as one",
    "models/all.yml": """
        models:
          - name: a
            description: "{{ env_var('WATCH_DOC', 'x') }} {{ TOLD }}"
            config: {meta: {at: "{{ MODEL }}", kind: "{{ var('of_model', 'x') }}"}}
            columns:
              - name: one
                data_tests:
                  - accepted_values:
                      arguments: {values: ["{{ ARGUMENT }}", "{{ var('of_test', 'x') }}"]}
                      config:
                        enabled: "{{ TEST }}"
                        severity: "{{ env_var('WATCH_SEVERITY', 'warn') }}"
        sources:
          - name: s
            schema: "{{ SOURCE }}"
            database: "{{ target.database }}"
            tables: [{name: t, identifier: "{{ var('of_source', 'x') }}"}]
    """,
}
FINE = {
    "PROJECT": "target.name != 'prod'",
    "TOLD": "dbt_version",
    "MODEL": "target.schema ~ '_x'",
    "ARGUMENT": "target.schema",
    "TEST": "target.name != 'prod'",
    "SOURCE": "target.schema",
}


def _yaml(**changes: str) -> dict[str, str]:
    files = {name: textwrap.dedent(text) for name, text in YAML_FILES.items()}
    for place, expression in {**FINE, **changes}.items():
        files = {name: text.replace(place, expression) for name, text in files.items()}
    return files


def test_yaml_reads(parse: Parse) -> None:
    """What YAML reads is known too, and carrying a name through it is fine."""
    manifest, seen = parse(_yaml())
    assert seen.offences == ()
    assert seen.variables == {"of_project", "of_model", "of_test", "of_source"}
    assert seen.environment == {"WATCH_DOC", "WATCH_SEVERITY"}
    assert manifest.sources["source.watched.s.t"].schema == "schema_stand_in"


@pytest.mark.parametrize(
    ("changed", "expression", "where", "what"),
    [
        ("PROJECT", "target.schema == 'x'", "dbt_project.yml of watched", "compares the schema"),
        ("MODEL", "target.schema == 'x'", "models/all.yml", "compares the schema"),
        ("MODEL", "target.schema | upper", "models/all.yml", "keeps the schema, by the filter"),
        ("MODEL", "run_started_at.year", "models/all.yml", "keeps run_started_at"),
        ("SOURCE", "'x' if target.database == 'y' else 'z'", "models/all.yml", "compares"),
        ("TEST", "target.schema == 'x'", "models/all.yml", "compares the schema"),
    ],
)
def test_yaml_decides(changed: str, expression: str, where: str, what: str, parse: Parse) -> None:
    """What YAML decides on a name, or keeps of the clock, is told with the file."""
    _, seen = parse(_yaml(**{changed: expression}))
    assert [offence.where for offence in seen.offences] == [where]
    assert what in seen.offences[0].what


def test_hooks_of_project(parse: Parse) -> None:
    """What a hook of the project decides on a name is told of that hook; its text may hold it."""
    project = """
        name: watched
        profile: watched
        on-run-start: ["select '{{ target.schema | upper }}'"]
        on-run-end: ["{% if target.schema == 'x' %}{{ ref('a') }}{% endif %}select 1"]
    """
    _, seen = parse({"dbt_project.yml": textwrap.dedent(project), "models/a.sql": "select 1"})
    assert [str(offence) for offence in seen.offences] == [
        "operation.watched.watched-on-run-end-0 compares the schema: target.schema == 'x'"
    ]


def test_text_that_an_exception_ends() -> None:
    """Where it was decided to raise one, more than text hangs on that."""
    watch = Watch(Names("catalog", "schema", "/root"))

    def render() -> None:
        watch.begin(only_writes=True)
        watch.tell("compares the schema")
        raise ValueError

    with pytest.raises(ValueError), watch.whole():  # noqa: PT011 - that of above
        render()
    assert [offence.what for offence in watch.seen().offences] == ["compares the schema"]


def test_declared_names(tmp_path: Path) -> None:
    """Of a state for the target's own names alone, only what hangs on other things is told."""
    files = {
        "models/a.sql": "{{ config(enabled=target.schema.startswith('schema_')) }} select 1",
        "models/b.sql": "{{ config(meta={'at': target.threads}) }} select 1",
        "models/c.sql": "{% if target.database | upper == 'X' %}select 2{% endif %}select 1",
    }
    _, seen = parses.parse(tmp_path, files, watch=True, declared=True)
    assert seen is not None
    assert [offence.where for offence in seen.offences] == ["model.watched.b"]


VOLATILE = (
    "created_at",
    "generated_at",
    "invocation_id",
    "invocation_started_at",
    "run_started_at",
)


def _kept(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _kept(part) for key, part in value.items() if key not in VOLATILE}
    return [_kept(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize("project", ["shipped", "generated"])
def test_same_manifest(project: str, tmp_path: Path) -> None:
    """A watched parse yields what an unwatched one does; neither project looks at a name."""
    root = tmp_path / "p"
    if project == "generated":
        write(root, 20, "macros")
    else:
        shutil.copytree(Path(__file__).parents[2] / "dbt_project", root)
    manifests = []
    for watch in (True, False):
        manifest, seen = parses.parse(root, watch=watch)
        manifests.append(_kept(manifest.to_dict()))
        assert seen is None or seen.offences == ()
    assert manifests[0] == manifests[1]
