"""The command `dbt-runner bake`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from dbt_runner import argv, policy, project
from dbt_runner import settings as all_settings
from dbt_runner.argv import printable
from dbt_runner.baked.making import Baked, NotBaked, make
from dbt_runner.baked.shipped import KEY_SUFFIX, STATE_SUFFIX
from dbt_runner.errors import ProjectError, SettingsError
from dbt_runner.parameters import absolute_path
from dbt_runner.policy import Policy
from dbt_runner.project import Project
from dbt_runner.report.sink import Sink
from dbt_runner.warehouse.connection import Connection
from dbt_runner.warehouse.targets import LOCAL, connect

_PARAMETRIC, _DECLARED = "parametric", "declared"
_REFUSED = "not baked: "
_HINT = dedent("""\
    A target that is not baked is parsed by each run. What decides on a name may decide on
    target.name or a variable instead; what matters only when a node is executed may stand behind
    {% if execute %}; --names=declared bakes for the names in runner.yml alone.
    """)
_SHOWN = 30
"""Further reasons for a target."""
_OPTIONS = ("output", "project_dir", "target", "names")

USAGE = dedent("""\
    dbt-runner bake: parse a project at build time, for a wheel to bring along.

    usage: dbt-runner bake --output=FOLDER [--project-dir=FOLDER] [--target=NAME,NAME]
                           [--names=parametric|declared]

      --output       where <target>.state and <target>.json go; they are made anew
      --project-dir  the dbt project [the packaged one]
      --target       some of the targets of its runner.yml [all]
      --names        parametric: for any catalog and schema; declared: for those alone that the
                     target has in runner.yml, for a project whose code looks at them [parametric]

    One line a target says what was baked, or why not; the run of a target that was not baked parses
    as dbt does. A run serves a state only from the installed package.
    """)


@dataclass(frozen=True)
class _Order:
    output: Path
    project: Project
    policy: Policy
    targets: tuple[str, ...]
    declared: bool


def run(words: Sequence[str], sink: Sink | None = None) -> None:
    """Do what the words behind `bake` ask for.

    Raises:
        SettingsError: they are not understood.
        RunnerError: the project cannot be read, or a parse broke.
    """
    out = sink or Sink(sys.stdout)
    arguments = argv.read(["bake", *words], booleans=(), commands={"bake"})
    if arguments.wants_help:
        out.write(USAGE)
        return
    order = _order(arguments.values)
    order.output.mkdir(parents=True, exist_ok=True)
    # each parse is a process of its own
    with ThreadPoolExecutor(min(len(order.targets), os.cpu_count() or 1)) as pool:
        told = pool.map(lambda target: _bake(order, target), order.targets)
        lines = list(told)
    for target, line in zip(order.targets, lines, strict=True):
        out.write(f"{target}: {line}\n")
    if any(line.startswith(_REFUSED) for line in lines):
        out.write(_HINT)


def _order(values: Mapping[str, str]) -> _Order:
    unknown = next((name for name in values if name not in _OPTIONS), None)
    if unknown:
        msg = f"bake: {printable(unknown)} is no option of it; see dbt-runner bake --help"
        raise SettingsError(msg)
    if not values.get("output"):
        msg = "output: name the folder for the states, as --output=FOLDER"
        raise SettingsError(msg)
    names = values.get("names") or _PARAMETRIC
    if names not in {_PARAMETRIC, _DECLARED}:
        msg = f"names: {printable(names)} is neither {_PARAMETRIC} nor {_DECLARED}"
        raise SettingsError(msg)
    given = values.get("project_dir")
    found = project.find(absolute_path(given) if given else None)
    allowed = policy.load(found.folder)
    known = tuple(allowed.targets) or (LOCAL,)
    wanted = tuple(filter(None, (values.get("target") or "").split(","))) or known
    stranger = next((name for name in wanted if name not in known), None)
    if stranger:
        msg = f"target: {printable(stranger)} is no target of {found.name}; there is "
        raise SettingsError(msg + ", ".join(known))
    output = Path(absolute_path(values["output"]))
    return _Order(output, found, allowed, wanted, names == _DECLARED)


def _bake(order: _Order, target: str) -> str:
    """Bake one target, and say in one line what became of it."""
    from dbt_runner.engine.engine import BEHAVIOUR

    state = order.output / f"{target}{STATE_SUFFIX}"
    key = order.output / f"{target}{KEY_SUFFIX}"
    state.unlink(missing_ok=True)
    key.unlink(missing_ok=True)
    try:
        connection = _connection(order, target)
        baked: Baked = make(order.project.folder, connection, BEHAVIOUR, declared=order.declared)
    except ProjectError as error:
        return f"{_REFUSED}{_one_line(str(error))}"
    except NotBaked as why:
        lines = [f"{_REFUSED}{_one_line(str(why))}", *map(_one_line, why.others[:_SHOWN])]
        if len(why.others) > _SHOWN:
            lines.append(f"and {len(why.others) - _SHOWN} more")
        return "\n  ".join(lines)
    state.write_bytes(baked.data)
    key.write_text(baked.key.text(), encoding="utf-8")
    names = f" for {'.'.join(baked.key.names)} alone" if baked.key.names else ""
    return f"baked{names}, {len(baked.data)} bytes"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _connection(order: _Order, target: str) -> Connection:
    place = order.policy.targets.get(target)
    values = {"target": target}
    if (
        place
        and place.type == "databricks"
        and not (place.warehouse or place.warehouse_id or place.http_path)
    ):
        # a run names it; a parse asks for none
        values["warehouse_id"] = "0"
    chosen = all_settings.load(values, {}, order.policy, in_job=False, warn=lambda _: None)
    return connect(chosen, order.policy, order.project)
