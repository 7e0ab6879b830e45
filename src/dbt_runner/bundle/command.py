"""The command `dbt-runner jobs`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import dedent
from typing import NoReturn, TextIO

from dbt_runner.bundle import bundle, check, graph, output, rules, validated
from dbt_runner.bundle.deployment import Deployment
from dbt_runner.bundle.nearest import nearest
from dbt_runner.errors import RulesBroken, SettingsError

_STANDARD_INPUT = "-"
_OPTIONS = ("--target", "--format", "--help")

USAGE = dedent("""\
    dbt-runner jobs: look at the jobs of a Databricks bundle. Needs no workspace.

    usage: dbt-runner jobs check [PATH] [--target=NAME] [--format=text|json]
           dbt-runner jobs graph [PATH] [--target=NAME]

    PATH is the bundle's folder or first file (default: the working folder); with - the output of
    `databricks bundle validate -o json` is read from standard input.

      check   tells what breaks a rule, in all targets or the one that is named; exit code 0:
              nothing found, 1: something found, 2: it could not be checked
      graph   draws the layers of the jobs as a Mermaid flowchart

    A comment hides a finding, on its line or above it; above a job's key, in all of the job:
      # dbt-runner: ignore DJ101 the reason why
    """)


class _Parser(argparse.ArgumentParser):
    """Errors are one line of ours."""

    def error(self, message: str) -> NoReturn:
        msg = f"jobs: {message}; see dbt-runner jobs --help"
        raise SettingsError(msg)


def run(words: Sequence[str], say: Callable[[str], None], stdin: TextIO = sys.stdin) -> None:
    """Do what the words behind `jobs` ask for.

    Raises:
        SettingsError: they are not understood.
        BundleError: the bundle cannot be read.
        RulesBroken: a check found something, and told it.
    """
    if not words or {"-h", "--help"} & set(words):
        say(help_text())
        return
    parser = _Parser(prog="dbt-runner jobs", add_help=False, allow_abbrev=False)
    parser.add_argument("path", nargs="?", default=".")
    parser.add_argument("--target")
    verb = _verb(words[0])
    if verb == "check":
        parser.add_argument("--format", choices=("text", "json"), default="text")
    given, unknown = parser.parse_known_args(words[1:])
    if unknown:
        name = unknown[0].partition("=")[0]
        hint = nearest(name, _OPTIONS) if name.startswith("--") else ""
        parser.error(f"{unknown[0]!a} is not understood{f'; {hint}' if hint else ''}")
    if verb == "check":
        _check(given.path, given.target, given.format, say, stdin)
    else:
        say(graph.draw(_deployment(given.path, given.target, stdin)))


def help_text() -> str:
    """Usage, and the table of rules."""
    entries = [f"  {code}  {title}" for code, title in rules.table()]
    return "\n".join([USAGE, "Rules:", *entries])


def _verb(word: str) -> str:
    verbs = ("check", "graph")
    if word in verbs:
        return word
    hint = nearest(word, verbs) or f"there is {' and '.join(verbs)}"
    msg = f"jobs: {word!a} is no command; {hint}"
    raise SettingsError(msg)


def _check(
    path: str, target: str | None, wanted: str, say: Callable[[str], None], stdin: TextIO
) -> None:
    if path == _STANDARD_INPUT:
        report = check.of([_deployment(path, target, stdin)])
    else:
        report = check.check(bundle.read(Path(path)), target)
    say(output.as_json(report) if wanted == "json" else output.lines(report))
    if report.findings:
        msg = f"jobs: {len(report.findings)} findings"
        raise RulesBroken(msg)


def _deployment(path: str, target: str | None, stdin: TextIO) -> Deployment:
    if path != _STANDARD_INPUT:
        read = bundle.read(Path(path))
        return read.deployment(target or read.default_target)
    found = validated.read(stdin.read())
    if target and target != found.target:
        msg = f"--target: standard input holds the target {found.target}, not {target!a}"
        raise SettingsError(msg)
    return found
