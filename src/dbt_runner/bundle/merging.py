"""How a bundle's files, and a target's overrides, become one definition."""

from __future__ import annotations

from dbt_runner.bundle.value import Value

# What names an element of these lists (CLI: resourcemutator/merge_job_*.go); others are joined.
_NAMED_BY = {
    "tasks": "task_key",
    "parameters": "name",
    "environments": "environment_key",
    "job_clusters": "job_cluster_key",
}


def merge(base: Value, override: Value, key: str = "") -> Value:
    """Lay one value over another: mappings by key, lists of named elements by name.

    Args:
        key: what both stand under.
    """
    if override.data is None:
        return base
    if isinstance(base.data, dict) and isinstance(override.data, dict):
        data = dict(base.data)
        for name, value in override.data.items():
            data[name] = merge(data[name], value, name) if name in data else value
        return Value(data, base.place)
    if isinstance(base.data, list) and isinstance(override.data, list):
        return Value(_lists(base.data, override.data, _NAMED_BY.get(key, "")), base.place)
    return override


def _lists(base: list[Value], override: list[Value], named_by: str) -> list[Value]:
    merged = list(base)
    index = {
        value.at(named_by).text: i for i, value in enumerate(merged) if value.at(named_by).text
    }
    for value in override:
        name = value.at(named_by).text
        if name in index:
            merged[index[name]] = merge(merged[index[name]], value)
        else:
            merged.append(value)
    return merged
