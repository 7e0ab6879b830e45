"""Who builds a generated project, and with which words."""

from __future__ import annotations

import json
import os
import sys
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml
from paired import Contender
from places import Place, Site
from sizes import Size

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from baked_wheel import Installed, build
from generated_project import write

COLD, WARM, FACTORY = "plain cold", "plain warm", "dbt-factory"
OURS, UNPATCHED = "dbt-runner", "dbt-runner unpatched"
THREADS = 8
SCRIPTS = Path(sysconfig.get_path("scripts"))
NOTEBOOK = Path(os.environ.get("BENCH_FACTORY", "databricks-dbt-factory"))
"""What databricks-dbt-factory has its tasks run."""


def wheel(
    size: Size,
    place: Place,
    folder: Path,
    *,
    fails: bool = False,
    change: Callable[[Path], object] | None = None,
) -> Installed:
    """Build, bake and install the wheel around a project, as `make build` does around ours.

    It was run once then, as it has been in an environment that is not quite new.

    Args:
        change: does something to the project before.

    Raises:
        SystemExit: nothing was baked, so there would be nothing to measure.
    """
    write(folder / "project", size.models, size.shape, fails=fails)
    if change:
        change(folder / "project")
    policy = yaml.safe_dump(place.policy())
    (folder / "project/runner.yml").write_text(policy, encoding="utf-8")
    found = build(folder / "project", folder / "wheel")
    if not found.baked():
        msg = f"the project {size.label} was not baked: {found.said}"
        raise SystemExit(msg)
    # makes the byte code of generated methods; of all else there is byte code by now
    first = Site(folder / "first", f"first_{os.getpid()}_{size.label}")
    first.settle()
    contender(OURS, first, place, found, code=int(fails)).spend()
    place.clear(first)
    return found


def contender(
    who: str, site: Site, place: Place, installed: Installed, *words: str, code: int = 0
) -> Contender:
    """One of them, in a site of its own or of those whose parse it takes over.

    Args:
        words: what plain dbt is told to do, or ours, if that is not to build everything.
        code: what it ends with.
    """
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(site.folder / "home"),
        "TMPDIR": str(site.folder / "tmp"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        **place.environment(),
    }
    if who in {OURS, UNPATCHED}:
        environment["PYTHONPATH"] = str(installed.site)
        environment |= {"DBT_RUNNER_PATCHES": "off"} if who == UNPATCHED else {}
        command = _ours(site, place, words or ("--run-type=incremental",))
        return Contender(who, command, environment, site.folder, code=code)
    command = _factory(site) if who == FACTORY else _plain(site, place, words or ("build",))
    return Contender(who, command, environment, site.folder / "shop", code=code)


def check(who: str, site: Site) -> None:
    """See that a run of ours took the baked state, since else it is another thing that is measured.

    Raises:
        SystemExit: it did not.
    """
    found = (site.folder / "artifacts").rglob("summary.json")
    file = max(found, key=lambda file: file.stat().st_mtime_ns)
    parse = json.loads(file.read_text(encoding="utf-8"))["parse"]
    if parse != "baked":
        msg = f"{who} did not take the baked state: {parse}"
        raise SystemExit(msg)


def _plain(site: Site, place: Place, words: Sequence[str]) -> list[str]:
    """As its users run it: its own flags, target folder and log."""
    output = {**place.output(site), "threads": THREADS}
    profile = {"shop": {"target": "bench", "outputs": {"bench": output}}}
    folder = site.folder / "profiles"
    (folder / "profiles.yml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    return [str(SCRIPTS / "dbt"), *words, f"--profiles-dir={folder}"]


def _factory(site: Site) -> list[str]:
    """The notebook that its tasks run, with the whole project as one command."""
    script = str(Path(__file__).with_name("factory.py"))
    folders = [str(site.folder / "shop"), str(site.folder / "profiles")]
    return [sys.executable, script, str(NOTEBOOK), *folders, "dbt build"]


def _ours(site: Site, place: Place, words: Sequence[str]) -> list[str]:
    """As in a job: the packaged project, JSON lines, the log and all artifacts kept."""
    return [
        str(SCRIPTS / "dbt-runner"),
        *words,
        f"--target={place.target}",
        f"--target-schema={site.schema}",
        f"--artifacts={site.folder / 'artifacts'}",
        f"--threads={THREADS}",
    ]
