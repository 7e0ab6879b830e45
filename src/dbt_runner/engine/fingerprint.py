"""What decides what a parsed project does, so that two runs can tell whether they do the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from dbt_runner.secret_names import names_secret_exactly

_LENGTH = 12
"""Characters of a digest: enough to see a difference."""


def fingerprint(
    manifest: Any,
    files: Mapping[str, str],
    selectors: Mapping[str, Any],
    variables: Mapping[str, Any],
    versions: Mapping[str, str],
) -> dict[str, dict[str, str]]:
    """Digests of all that a parse depends on, by kind and name.

    Args:
        manifest: the parsed project.
        files: of the project, as `digests` gives them.
        selectors: what `selectors.yml` defines; in a manifest that was parsed before, dbt leaves
            what it was then.
        variables: what `--vars` gave.
        versions: of dbt and the adapter.
    """
    return {
        "files": dict(files),
        "variables": {name: digest(value) for name, value in variables.items()},
        "selectors": {name: digest(found) for name, found in selectors.items()},
        # Without secrets: of a short one a digest is enough to guess it. Those that dbt itself
        # keeps secret are not there.
        "environment": {
            name: digest(value)
            for name, value in manifest.env_vars.items()
            if not names_secret_exactly(name)
        },
        "versions": dict(versions),
    }


def digests(manifest: Any) -> dict[str, str]:
    """Digests of the files that were parsed, without those that come with dbt and the adapter."""
    from dbt.adapters.factory import get_adapter_package_names

    shipped = get_adapter_package_names(manifest.metadata.adapter_type)
    projects = manifest.state_check.project_hashes
    return _files(manifest.files, shipped) | {
        f"{name}://dbt_project.yml": found.checksum[:_LENGTH] for name, found in projects.items()
    }


def digest(value: Any) -> str:
    """A short digest of JSON-like data."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:_LENGTH]


def file_digest(file: Path) -> str:
    """A short digest of a file's content.

    Raises:
        OSError: it cannot be read.
    """
    return hashlib.sha256(file.read_bytes()).hexdigest()[:_LENGTH]


def _files(files: Mapping[str, Any], shipped: Collection[str]) -> dict[str, str]:
    """Digests of a project's files, without those that come with dbt and the adapter."""
    found = {}
    for name, file in files.items():
        if file.project_name in shipped:
            continue
        checksum = file.checksum
        if checksum.name == "path":
            # dbt does not read seeds above 1 MiB for this (`dbt/parser/read_files.py`)
            found[name] = file_digest(Path(file.path.absolute_path))
        else:
            found[name] = checksum.checksum[:_LENGTH]
    return found
