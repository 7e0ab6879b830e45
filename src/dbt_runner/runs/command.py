"""The command `dbt-runner runs`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from textwrap import dedent

from dbt_runner import argv, policy, project
from dbt_runner import settings as all_settings
from dbt_runner.argv import Arguments, printable
from dbt_runner.bundle.nearest import nearest
from dbt_runner.errors import SettingsError
from dbt_runner.execution import state
from dbt_runner.report.sink import Sink
from dbt_runner.runs.account import ENDS, WITHOUT_END, Account, account
from dbt_runner.runs.details import details
from dbt_runner.runs.output import Lines, Page
from dbt_runner.settings import Settings
from dbt_runner.store import retention
from dbt_runner.store.attempts import RUNS, Stored, by_id
from dbt_runner.store.retention import Limits

_LIST, _SHOW, _PRUNE = "list", "show", "prune"
_SETTINGS = {"artifacts", "project_dir", "log_format"}
_PLACE = {"target", "target_schema"}
_OPTIONS = {
    _LIST: _SETTINGS | _PLACE | {"status", "limit"},
    _SHOW: _SETTINGS,
    _PRUNE: _SETTINGS | _PLACE | {"keep_runs", "keep_days", "dry_run"},
}
_LIMIT = 20

USAGE = dedent("""\
    dbt-runner runs: what attempts are stored, and what became of them.

    usage: dbt-runner runs [list] [--status=STATUS] [--limit=20] [--target=…] [--target-schema=…]
           dbt-runner runs show ATTEMPT
           dbt-runner runs prune [--keep-runs=100] [--keep-days=30] [--dry-run]
                                 [--target=…] [--target-schema=…]

      list    the newest first
      show    settings, plan, failed nodes and files of one attempt; the beginning of its id is
              enough
      prune   removes attempts beyond a number or an age in each place, as each run does in its own

    All take --artifacts=FOLDER, --project-dir=FOLDER and --log-format=console|json (default: a
    table on a terminal, else one JSON object a line).

    STATUS is success, failed, cancelled, timeout or error; or, of an attempt without a summary:
      going       its process lives on this machine
      unfinished  it ran on another machine, and may be going on
      lost        it was ended and could not say so (killed, out of memory), or is seven days old
      broken      what it left cannot be read
    """)


def run(words: Sequence[str], environ: Mapping[str, str], sink: Sink | None = None) -> None:
    """Do what the words behind `runs` ask for.

    Raises:
        SettingsError: they are not understood, there is no such attempt, or not everything could be
            removed.
    """
    out = sink or Sink(sys.stdout)
    verb = [] if words and not words[0].startswith("-") else [_LIST]
    arguments = argv.read(
        [*verb, *words],
        booleans={"dry_run"},
        commands=_OPTIONS,
        with_subject={_SHOW: "ATTEMPT, an id that `dbt-runner runs` lists"},
    )
    if arguments.wants_help:
        out.write(USAGE)
        return
    settings = _settings(arguments, environ)
    is_console = settings.log_format == "console" or (settings.log_format is None and out.isatty())
    output = Page(out) if is_console else Lines(out)
    if arguments.command == _SHOW:
        output.details(details(_one(Path(settings.artifacts), arguments.subject or "")))
    elif arguments.command == _PRUNE:
        _prune(arguments.values, settings, output)
    else:
        _list(arguments.values, settings, output)


def _settings(arguments: Arguments, environ: Mapping[str, str]) -> Settings:
    known = _OPTIONS[arguments.command]
    for name in arguments.values:
        if name not in known:
            options = [f"--{one.replace('_', '-')}" for one in sorted(known)]
            hint = nearest(f"--{name.replace('_', '-')}", options) or "see dbt-runner runs --help"
            msg = f"runs {arguments.command}: {printable(name)[1:-1]}: is no option; {hint}"
            raise SettingsError(msg)
    values = {n: text for n, text in arguments.values.items() if n in Settings.model_fields}
    own = {name: text for name, text in values.items() if name not in _PLACE}
    folder = all_settings.project_dir(own, environ)
    allowed = policy.load(project.find(folder).folder if folder else project.packaged_folder())
    found = all_settings.load(own, environ, allowed, in_job=False, warn=lambda _text: None)
    if values.get("artifacts") and not Path(found.artifacts).is_dir():
        msg = f"artifacts: {printable(found.artifacts)[1:-1]} is no folder"
        raise SettingsError(msg)
    return found


def _list(values: Mapping[str, str], settings: Settings, output: Lines | Page) -> None:
    status, limit = values.get("status"), values.get("limit") or str(_LIMIT)
    known = (*ENDS, *WITHOUT_END)
    if status and status not in known:
        hint = nearest(status, known) or f"there is {', '.join(known)}"
        msg = f"status: {printable(status)} is no status; {hint}"
        raise SettingsError(msg)
    if not limit.isascii() or not limit.isdigit() or not 0 < len(limit) < 10 or int(limit) < 1:
        msg = f"limit: must be a whole number from 1, got {printable(limit)}"
        raise SettingsError(msg)
    folders = [folder for place in _places(settings, values) for folder in _folders(place)]
    newest = sorted(folders, key=lambda folder: folder.name, reverse=True)
    output.table(islice(_accounts(newest, status), int(limit)))


def _accounts(folders: Sequence[Path], status: str | None) -> Iterator[Account]:
    for folder in folders:
        stored = Stored(folder)
        if stored.started is None:
            continue
        found = account(stored)
        if not status or found.status == status:
            yield found


def _one(artifacts: Path, text: str) -> Stored:
    # a folder's whole name will do too
    given = text.rpartition("-")[2]
    found = [one for one in by_id(artifacts, given) if given and one.started is not None]
    if len(found) == 1:
        return found[0]
    if found:
        msg = f"runs show: {printable(text)} begins {len(found)} ids: " + ", ".join(
            f"{one.id} ({one.folder.name[:15]})" for one in found
        )
    else:
        msg = f"runs show: {printable(text)} is no attempt in {artifacts}; see dbt-runner runs"
    raise SettingsError(msg)


def _prune(values: Mapping[str, str], settings: Settings, output: Lines | Page) -> None:
    limits, dry = Limits(settings.keep_runs, settings.keep_days), _is_dry(values)
    gone: list[Account] = []
    problems: list[str] = []
    for place in _places(settings, values):
        # what is removed cannot be asked any more
        told = [account(one) for one in retention.expired(place, limits, state.COMPARED)]
        if not dry and told:
            pruned = retention.prune(place, limits, state.COMPARED)
            ids = {stored.id for stored in pruned.removed}
            told = [one for one in told if one.attempt in ids]
            problems += [pruned.problem] if pruned.problem else []
        gone += told
    output.removed(gone, dry=dry)
    if problems:
        msg = f"runs prune: not everything could be removed: {problems[0]}"
        raise SettingsError(msg)


def _is_dry(values: Mapping[str, str]) -> bool:
    text = values.get("dry_run", "false").lower()
    if text not in {"true", "false"}:
        msg = f"dry_run: must be true or false, got {printable(text)}"
        raise SettingsError(msg)
    return text == "true"


def _places(settings: Settings, values: Mapping[str, str]) -> list[Path]:
    """The folders of all places, of the target and the schema that are asked for."""
    target, schema = values.get("target"), values.get("target_schema")
    return sorted(
        folder.parent
        for folder in Path(settings.artifacts).glob(f"*/*/*/*/{RUNS}")
        if (not target or folder.parts[-4] == target)
        and (not schema or folder.parts[-2].lower() == schema.lower())
    )


def _folders(place: Path) -> list[Path]:
    try:
        return list((place / RUNS).iterdir())
    except OSError:
        return []
