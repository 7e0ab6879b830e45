"""What a naming macro looks at is told from its text, or said to be unknown."""

from __future__ import annotations

import pytest

from dbt_runner.engine.macro_reads import reads

CASES = {
    "nothing": ("{{ target.schema }}_{{ custom | trim if custom is not none }}", set()),
    "whether there is a node": ("{% if node is not none %}{{ custom }}{% endif %}", set()),
    "its name": ("{{ node.name.split('__')[0] }}", {("name",)}),
    "its folders": ("{{ node.fqn[1:-1] | join('_') }}{{ node.fqn | length }}", {("fqn",)}),
    "settings": (
        "{{ node.config.materialized }}{{ node.config.get('zone') }}{{ node.config.meta.a }}",
        {("config", "materialized"), ("config", "zone"), ("config", "meta")},
    ),
    "dbt's own macro": ("{{ default__generate_schema_name(custom, node) }}", set()),
    "dbt's own macro by package": ("{{ dbt.default__generate_schema_name(custom, node) }}", set()),
    "all settings": ("{{ node.config }}", None),
    "an unknown setting": ("{{ node.config.get(custom) }}", None),
    "a setting's default": ("{{ node.config.get('zone', node) }}", None),
    "handed on": ("{{ other(node) }}", None),
    "another name": ("{% set n = node %}{{ n.name }}", None),
    "as an item": ("{{ node['name'] }}", None),
    "by a filter": ("{{ node | attr('name') }}", None),
    "by position": ("{{ varargs[0].name }}", None),
    "the context": ("{{ context['node'] }}", None),
}


@pytest.mark.parametrize("name", CASES)
def test_reads(name: str) -> None:
    """Each way of getting at a node."""
    body, expected = CASES[name]
    text = f"{{% macro generate_schema_name(custom=var('x'), node=none) %}}{body}{{% endmacro %}}"
    found = reads(text, "default__generate_schema_name")
    assert found == (None if expected is None else frozenset(expected))


def test_overridden_default() -> None:
    """Where dbt's own macro is overridden, it may look at the node that it is given."""
    body = "{{ default__generate_schema_name(c, n) }}"
    assert reads(f"{{% macro generate_schema_name(c, n) %}}{body}{{% endmacro %}}") is None
