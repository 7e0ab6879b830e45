"""One watched parse, in a process of its own: `python -m dbt_runner.engine.baking.worker REQUEST`.

What it is asked for stands in a file, and what it finds goes into the folder that this names.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from dbt_runner.engine import adapters, guard, serving
from dbt_runner.engine.baking import comparison, state
from dbt_runner.engine.baking.watch import Names, Seen, watching
from dbt_runner.engine.engine import Engine
from dbt_runner.engine.events import Event, Warned
from dbt_runner.engine.options import Options
from dbt_runner.engine.serving import Place
from dbt_runner.errors import RunnerError
from dbt_runner.warehouse.connection import Connection, Login

FOUND, STATE = "found.json", "state"


@dataclass(frozen=True)
class Request:
    """What to parse, and how.

    Attributes:
        place: the names to parse under; `root` is the folder to parse.
        output: the target's entry for `profiles.yml`.
        environment: variables that the profile refers to.
        marks: beginnings of names that belong to this parse alone, in lower case; no text may hold
            one but as the whole name.
        folder: for everything that is written.
        declared: the catalog and the schema are the target's own, and may be decided on.
        ahead: seconds by which the clock that templates see is ahead of the machine's.
        against: a state that has to give the same manifest under these names.
    """

    place: Place
    profile: str
    target: str
    output: dict[str, Any]
    environment: dict[str, str]
    marks: list[str]
    threads: int
    folder: str
    declared: bool
    ahead: int = 0
    against: str | None = None


@dataclass(frozen=True)
class Found:
    """What a parse was found to be.

    Attributes:
        problems: why the state must not be used: (where, what) of each.
        files: digests of the project's files as a run's fingerprint has them.
        warnings: (name, message as pieces) of what dbt warned of.
        asked: what was asked of the HTTP path: how, text, answer.
        until: the day on which dbt would begin to warn of something else, as ISO date and time.
        dated: whether a model has a deprecation date.
    """

    problems: list[tuple[str, str]] = field(default_factory=list)
    adapter: str = ""
    variables: list[str] = field(default_factory=list)
    environment: list[str] = field(default_factory=list)
    flags: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    warnings: list[tuple[str, list[str | int]]] = field(default_factory=list)
    asked: list[tuple[str, str, bool]] = field(default_factory=list)
    until: str | None = None
    dated: bool = False


def main() -> None:
    """Do what the file asks for."""
    content = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    request = Request(**{**content, "place": Place(**content["place"])})
    found = work(request)
    Path(request.folder, FOUND).write_text(json.dumps(asdict(found)), encoding="utf-8")


def work(request: Request) -> Found:
    """Parse, and write the state, unless it must not be used."""
    _have_dbt_keep_order()
    warned: list[Warned] = []

    def listen(event: Event) -> None:
        if isinstance(event, Warned):
            warned.append(event)

    place, folder = request.place, Path(request.folder)
    connection = Connection(
        request.profile, request.target, place.catalog, place.schema, output=request.output
    )
    # unpatched: what is watched is dbt as it is, and nothing compiled here is kept for runs
    options = Options(Path(place.root), connection, folder, request.threads, patches=False)
    engine = Engine(options, listen)
    try:
        with (
            engine.session(lambda: Login(environment=request.environment)),
            _checked(engine) as checked,
            watching(_names(request)) as watch,
        ):
            engine.parse(folder / "parse")
            seen = watch.seen()
            manifest = engine.manifest
            facts = _facts(engine, seen, request.environment)
    except RunnerError as error:
        message = " ".join(str(error).split()).replace(place.root, "")
        return Found(problems=[("the project", f"does not parse: {message}")])
    dates = _deprecation_dates(manifest)
    problems = [(offence.where, offence.what) for offence in seen.offences]
    problems = problems or _foreign(manifest) or checked or _named(manifest, warned, request)
    state.strip(manifest)
    problems = problems or _left_over(manifest, request) or _other(manifest, request)
    if problems:
        return Found(problems=problems)
    (folder / STATE).write_bytes(state.dump(manifest, place))
    templates = state.Templates(place)
    warnings = [(w.name, list(templates.pieces(w.message) or (w.message,))) for w in warned]
    to_come = [date for date in dates if date >= datetime.now(UTC)]
    return Found(
        **facts,
        warnings=warnings,
        until=min(to_come).isoformat() if to_come else None,
        dated=bool(dates),
    )


def _names(request: Request) -> Names:
    place = request.place
    ahead = timedelta(seconds=request.ahead)
    return Names(place.catalog, place.schema, place.root, request.declared, ahead)


@contextmanager
def _checked(engine: Engine) -> Iterator[list[tuple[str, str]]]:
    """Afterwards, see whether a run would find the relations right; it would not serve others."""
    found: list[tuple[str, str]] = []
    yield found
    wrong = guard.wrong_relation(engine.manifest, adapters.current().config)
    if wrong:
        where, _, what = wrong.partition(" ")
        found.append((where, what))


def _facts(engine: Engine, seen: Seen, environment: dict[str, str]) -> dict[str, Any]:
    flags = import_module("dbt.flags").get_flags()
    return {
        "adapter": engine.manifest.metadata.adapter_type,
        "variables": sorted(seen.variables),
        "environment": sorted(({*seen.environment, *engine.manifest.env_vars}) - {*environment}),
        "flags": {name: _flag(flags, name) for name in sorted(seen.flags)},
        "files": engine.fingerprint()["files"],
        "asked": list(seen.asked),
    }


def _flag(flags: Any, name: str) -> Any:
    return serving.as_json(getattr(flags, name.upper(), None))


def _foreign(manifest: Any) -> list[tuple[str, str]]:
    """Nodes that a plug-in of dbt brings, which another machine need not have."""
    found = sorted(manifest.external_node_unique_ids)
    return [(unique_id, "comes from a plug-in of dbt") for unique_id in found]


def _named(manifest: Any, warned: list[Warned], request: Request) -> list[tuple[str, str]]:
    """What dbt itself compares or sorts and holds a name: names of entries, and tags."""
    names = () if request.declared else (request.place.catalog, request.place.schema)
    found = []
    for part in serving.TIMED:
        for unique_id, entry in getattr(manifest, part).items():
            tags = getattr(entry, "tags", None) or []
            if any(name in unique_id for name in names):
                found.append((unique_id, "is named for a name of the target"))
            elif len(tags) > 1 and any(name in tag for tag in tags for name in names):
                found.append((unique_id, "has a tag with a name of the target, of several"))
    lost = (warning.message for warning in warned if warning.name == "NoNodeForYamlKey")
    return found + [
        ("the project", f"describes something by a name of the target: {text}")
        for text in lost
        if any(name in text for name in names)
    ]


def _left_over(manifest: Any, request: Request) -> list[tuple[str, str]]:
    """A text that holds a name of this parse in another form, or what only this machine has."""
    templates = state.Templates(request.place)
    marks = [*request.marks, *_of_this_machine()]
    for where, text in comparison.texts(manifest):
        pieces = templates.pieces(text) or (text,)
        rest = "\0".join(str(piece) for piece in pieces if isinstance(piece, str)).lower()
        mark = next((mark for mark in marks if mark in rest), None)
        if mark:
            what = f"holds a name of the target, or a path, in another form: {text[:80]!r}"
            return [(where, what)]
    return []


def _of_this_machine() -> set[str]:
    return {str(Path(path)).lower() for path in (sys.prefix, Path.cwd()) if len(str(path)) > 1}


def _other(manifest: Any, request: Request) -> list[tuple[str, str]]:
    """Where the other parse's state, under the names of this one, is another manifest."""
    if request.against is None:
        return []
    served = serving.load(Path(request.against).read_bytes(), request.place)
    found = comparison.difference(served, manifest)
    if found is None and served.flat_graph != manifest.flat_graph:
        found = ("the project", "has another graph under other names")
    return [found] if found else []


def _deprecation_dates(manifest: Any) -> list[datetime]:
    found = (getattr(node, "deprecation_date", None) for node in manifest.nodes.values())
    return [date for date in found if date is not None]


def _have_dbt_keep_order() -> None:
    """Have what dbt takes in any order stand in one that is the same in each parse."""
    models: Any = import_module("dbt.parser.models")
    extract = models.py_extract_from_source

    def extract_in_order(source: str) -> Any:
        found = extract(source)
        # dbt_extractor 0.6 shuffles what stands in braces
        found["configs"] = [(name, _sorted(value)) for name, value in found["configs"]]
        return found

    models.py_extract_from_source = extract_in_order
    os.walk = _in_order


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(part) for part in value] if isinstance(value, list) else value


_walk = os.walk


def _in_order(*args: Any, **kwargs: Any) -> Iterator[Any]:
    """As `os.walk`, which dbt finds files by, in an order that is the same on every disk."""
    for folder, folders, files in _walk(*args, **kwargs):
        folders.sort()
        yield folder, folders, sorted(files)


if __name__ == "__main__":
    main()
