"""The version of this package; it is derived from the commit when the package is built."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def own_version() -> str:
    """The installed version, such as `0.1.0+g1a2b3c4d5e6f`."""
    try:
        return version("dbt-runner")
    except PackageNotFoundError:
        return "unknown"


def commit() -> str:
    """What identifies the source: `g` and the commit, or `t` and the hash of the tree."""
    return own_version().partition("+")[2] or "unknown"
