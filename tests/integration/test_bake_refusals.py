"""A parse that looks at the names of its run, or at the clock, is not baked; and it is said why.

This is what a user sees; all that counts as looking stands in `watch_cases.yml`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dbt_runner.baked import files
from runs import DBT_PROJECT, MAIN

if TYPE_CHECKING:
    from pathlib import Path

# Each bakes, in processes of their own.
pytestmark = pytest.mark.slow

MODEL = "models/orders.sql"
NODE = "model.shop.orders"
HINT = "A target that is not baked"
NAMING = """\
{% macro generate_schema_name(name, node) %}
  {{- name if target.schema == 'prod' else target.schema -}}
{% endmacro %}
"""
SOURCES = """\
sources:
  - name: raw
    tables: [{name: t, config: {enabled: "{{ target.schema == 'prod' }}"}}]
"""
REFUSED = {
    "a schema is compared with": (
        MODEL,
        "{{ config(materialized='view' if target.schema == 'prod' else 'table') }} select 1 as id",
        NODE,
    ),
    "what a model reads hangs on the schema": (
        MODEL,
        "select * from {{ ref('base' if target.schema == 'prod' else 'other') }}",
        NODE,
    ),
    "a naming macro compares": (
        "macros/names.sql",
        NAMING,
        "generate_schema_name",
    ),
    "a file of YAML compares": (
        "models/sources.yml",
        SOURCES,
        "",
    ),
    "the project's file compares": (
        "dbt_project.yml",
        DBT_PROJECT + "models: {shop: {+enabled: \"{{ target.schema != 'prod' }}\"}}\n",
        "",
    ),
    "a time is in a config": (
        MODEL,
        "{{ config(tags=[run_started_at.strftime('%H:%M:%S.%f')]) }} select 1 as id",
        NODE,
    ),
    "chance is in a config": (
        MODEL,
        "{{ config(meta={'n': range(99999) | random}) }} select 1 as id",
        NODE,
    ),
    "what is described hangs on the schema": (
        "models/models.yml",
        "models: [{name: '{{ target.schema }}', config: {enabled: false}}]",
        "",
    ),
    "tags are sorted by the schema": (
        "models/sources.yml",
        "sources: [{name: raw, config: {tags: ['{{ target.schema }}', b]}, tables: [{name: t}]}]",
        "source.shop.raw.t",
    ),
    "a source is named for the schema": (
        "models/sources.yml",
        "sources: [{name: raw, tables: [{name: '{{ target.schema }}'}, {name: prod}]}]",
        "source.shop.raw.",
    ),
    "a folder is known to dbt alone": (
        "dbt_project.yml",
        DBT_PROJECT + "model-paths: ['{% if true %}models{% endif %}']\n",
        "model-paths: {% if true %}models{% endif %} is known to dbt alone",
    ),
}


def bake(folder: Path, texts: dict[str, str], **environ: str) -> tuple[str, list[str]]:
    """Bake a project; what was said, and the files that were made."""
    project, output = folder / "shop", folder / "states"
    base = {
        "dbt_project.yml": DBT_PROJECT,
        "runner.yml": "targets: {local: {type: duckdb, schema: analytics}}\n",
        "models/base.sql": "select 1 as id\n",
        "models/other.sql": "select 1 as id\n",
    }
    for path, text in {**base, **texts}.items():
        file = project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, *MAIN, "bake"),
            *(f"--project-dir={project}", f"--output={output}"),
        ],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8", **environ},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, sorted(file.name for file in output.iterdir())


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what: str, tmp_path: Path) -> None:
    """No state is made, and the first line names the node or the file."""
    path, text, named = REFUSED[what]
    said, made = bake(tmp_path, {path: text})
    assert made == []
    told, hint, _ = said.partition(HINT)
    line, *others = told.splitlines()
    assert line.startswith("local: not baked: ")
    assert named in line
    assert all(other.startswith("  ") for other in others)
    assert hint


def test_all_reasons_are_told(tmp_path: Path) -> None:
    """A project is not baked once for each of its reasons, but told all of them, and a way out."""
    decides = "{{ config(enabled=target.schema != 'prod') }} select 1 as id"
    said, _ = bake(tmp_path, {f"models/m_{n}.sql": decides for n in range(40)})
    first, *others, last = said.partition(HINT)[0].splitlines()
    named = [line.partition(": compares the schema")[0] for line in (first, *others)]
    assert len({name.removeprefix("local: not baked: ").strip() for name in named}) == 31
    assert last == "  and 9 more"


def test_secrets_get_into_no_key(tmp_path: Path) -> None:
    """A digest of a secret is none for a wheel; a variable that is not set has none."""
    model = {MODEL: "select '{{ env_var('API_TOKEN', '') }}' as id"}
    said, made = bake(tmp_path, model, API_TOKEN="short")  # noqa: S106 - that is the point
    assert made == []
    assert "API_TOKEN" in said
    assert bake(tmp_path, model)[1] == ["local.json", "local.state"]


BAKED = {
    "a name is written": "select '{{ target.schema }}' as name, '{{ target.name }}' as target",
    "a name is a part of one": "{{ config(schema='x_' ~ target.schema) }} select 1 as id",
    "a variable is compared with": (
        "{{ config(enabled=var('there', 'yes') == 'yes') }} select 1 as id"
    ),
    "the target's name is compared with": (
        "{{ config(tags=['l'] if target.name == 'local' else []) }} select 1 as id"
    ),
    "names are compared when it runs": (
        "select 1 as id {% if execute and target.schema == 'prod' %} where false {% endif %}"
    ),
    "a time is in the statement": "select '{{ run_started_at }}' as at",
    "a config has many entries": (
        "{{ config(meta={'d': 'x', 'a': 'y', 'c': {'f': 'z', 'e': 'z'}, 'b': 'y'}) }} select 1 as n"
    ),
}
FILES = {
    "macros/names.sql": """
        {% macro generate_alias_name(custom=none, node=none) %}
          {{ custom or (node.name.split('__', 1) | last) ~ (node.version or '') }}
        {% endmacro %}
        {% macro query_comment(node) %}
          {% set said = {'app': 'dbt', 'at': target.schema, 'run': invocation_id} %}
          {% if target.schema == 'prod' %}{% do said.update(user=env_var('USER', '')) %}{% endif %}
          {{ return(tojson(said)) }}
        {% endmacro %}
    """,
    "dbt_project.yml": DBT_PROJECT + "query-comment: '{{ query_comment(node) }}'\n",
    "models/a__b.sql": "select 1 as id",
}
"""An alias by what dbt's own macro looks at too; a comment of statements, which is made anew."""


def test_baked(tmp_path: Path) -> None:
    """What only writes names down, or looks at them when it is executed, is baked."""
    models = {f"models/m_{n}.sql": text for n, text in enumerate(BAKED.values())}
    states = set()
    for _ in range(2):
        said, made = bake(tmp_path, {**models, **FILES})
        assert made == ["local.json", "local.state"], said
        assert said.startswith("local: baked")
        states.add((tmp_path / "states/local.state").read_bytes())
    key = json.loads((tmp_path / "states/local.json").read_text())
    assert key["environment"] == {}
    assert len(states) == 1


def test_package_under_development(tmp_path: Path) -> None:
    """`dbt deps` links a package's tests to the package, which holds them."""
    package = tmp_path / "shop"
    (package / "integration_tests/dbt_packages").mkdir(parents=True)
    (package / "integration_tests/dbt_packages/shop").symlink_to("../..")
    said, _ = bake(tmp_path, {})
    assert said.startswith("local: baked"), said
    names = files.project_files(package / "integration_tests")
    assert "dbt_packages/shop/models/base.sql" in names
    again = "dbt_packages/shop/integration_tests/"
    assert [name for name in names if again in name] == [again]
    files.copy(package / "integration_tests", again, tmp_path / "copy")
    assert (tmp_path / "copy" / again).samefile(tmp_path / "copy")
