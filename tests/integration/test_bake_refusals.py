"""A parse that looks at the names of its run, or at the clock, is not baked; and it is said why.

This is what a user sees; all that counts as looking stands in `watch_cases.yml`.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from runs import DBT_PROJECT, MAIN

if TYPE_CHECKING:
    from pathlib import Path

# Each bakes, in processes of their own.
pytestmark = pytest.mark.slow

MODEL = "models/orders.sql"
NODE = "model.shop.orders"
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
}


def bake(folder: Path, files: dict[str, str], **environ: str) -> tuple[str, list[str]]:
    """Bake a project; what was said, and the files that were made."""
    project, output = folder / "shop", folder / "states"
    base = {
        "dbt_project.yml": DBT_PROJECT,
        "runner.yml": "targets: {local: {type: duckdb, schema: analytics}}\n",
        "models/base.sql": "select 1 as id\n",
        "models/other.sql": "select 1 as id\n",
    }
    for path, text in {**base, **files}.items():
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
    """No state is made, and one line names the node or the file."""
    path, text, named = REFUSED[what]
    said, made = bake(tmp_path, {path: text})
    assert made == []
    [line] = said.splitlines()
    assert line.startswith("local: not baked: ")
    assert named in line


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
}


def test_baked(tmp_path: Path) -> None:
    """What only writes names down, or looks at them when it is executed, is baked."""
    said, made = bake(
        tmp_path, {f"models/m_{n}.sql": text for n, text in enumerate(BAKED.values())}
    )
    assert made == ["local.json", "local.state"], said
    assert said.startswith("local: baked")
