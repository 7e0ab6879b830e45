"""What makes dbt's import cheaper: the collector at rest, and generated methods kept."""

from __future__ import annotations

import dataclasses
import gc
import json
import subprocess
import sys
from importlib import import_module
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from dbt_runner.engine import generated_code
from dbt_runner.engine.collector import THRESHOLDS, Collector
from dbt_runner.engine.generated_code import GeneratedCode
from dbt_runner.engine.patches import macros
from dbt_runner.engine.patches.gate import Verdict, applied

TEXT = "def double(x):\n    return 2 * x\n"


@pytest.fixture(autouse=True)
def _collector_as_it_was() -> Any:
    before = gc.isenabled(), gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before[1])
    (gc.enable if before[0] else gc.disable)()


def test_collector_rests_and_settles() -> None:
    """Off at first; then on for what comes, with what was there left alone; then as before."""
    thresholds = gc.get_threshold()
    collector = Collector()
    collector.spare()
    assert not gc.isenabled()
    collector.settle()
    assert gc.isenabled()
    assert gc.get_threshold() == THRESHOLDS
    assert gc.get_freeze_count() > 0
    collector.settle()
    collector.restore()
    assert gc.get_freeze_count() == 0
    assert gc.isenabled()
    assert gc.get_threshold() == thresholds


def test_collector_of_others() -> None:
    """Where the process has it off, it stays off; what it has frozen, stays frozen."""
    gc.disable()
    collector = Collector()
    collector.spare()
    collector.settle()
    collector.restore()
    assert not gc.isenabled()
    gc.enable()
    gc.freeze()
    collector.spare()
    collector.settle()
    collector.restore()
    assert gc.get_freeze_count() > 0


def made(code: GeneratedCode, text: str = TEXT) -> Any:
    """The function that a text makes."""
    names: dict[str, Any] = {}
    code.execute(text, {}, names)
    return names["double"]


def test_kept_and_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second process compiles nothing, and its function does the same."""
    file = tmp_path / "code"
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    first = GeneratedCode(file)
    first.read()
    assert made(first)(4) == 8
    first.keep()
    assert [each.name for each in tmp_path.iterdir()] == ["code"]
    second = GeneratedCode(file)
    second.read()
    assert second.get(TEXT, pytest.fail)
    assert made(second)(4) == 8
    written = file.stat().st_mtime_ns
    second.keep()
    assert file.stat().st_mtime_ns == written


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\0\0\0\0{", id="another-python"),
        pytest.param(MAGIC_NUMBER, id="cut-off"),
        pytest.param(MAGIC_NUMBER + b"[\x01\0\0", id="cut-off-inside"),
        pytest.param(MAGIC_NUMBER + b"N", id="something-else"),
    ],
)
def test_broken_file(tmp_path: Path, data: bytes) -> None:
    """What cannot be read is as good as not there."""
    file = tmp_path / "code"
    file.write_bytes(data)
    code = GeneratedCode(file)
    code.read()
    assert made(code)(4) == 8


def test_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file where Python is to write no byte code, where it cannot, or for a name by chance."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    code = GeneratedCode(tmp_path / "code")
    made(code)
    code.keep()
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    for where, text in (("none/code", TEXT), ("code", f"{TEXT}# {'0a' * 16}\n")):
        code = GeneratedCode(tmp_path / where)
        made(code, text)
        code.keep()
    assert not list(tmp_path.iterdir())


def test_generators_are_left_as_they_were() -> None:
    """Within, dataclasses are made with what is kept; afterwards by Python alone."""
    with generated_code.kept():
        assert "exec" in vars(dataclasses)
        pair = dataclasses.make_dataclass("Pair", ["left", ("right", int, 2)], frozen=True)
        assert pair(1) == pair(1, 2)
        assert repr(pair(1)) == "Pair(left=1, right=2)"
        with pytest.raises(dataclasses.FrozenInstanceError):
            pair(1).left = 3
    assert "exec" not in vars(dataclasses)


PROBE = """\
import json, re, sys
from dbt_runner.engine.patches.gate import applied
from dbt_runner.engine.patches.listed import EARLY
import mashumaro.mixins.dict
with applied(EARLY if sys.argv[1] == "patched" else ()) as verdicts:
    assert not any(verdict.refused for verdict in verdicts), verdicts
    import dbt.cli.main, dbt.adapters.duckdb
from dbt_common.dataclass_schema import dbtClassMixin
def below(cls):
    for each in cls.__subclasses__():
        yield each
        yield from below(each)
found = {}
for cls in below(dbtClassMixin):
    for name, value in vars(cls).items():
        function = getattr(value, "__func__", value)
        if "mashumaro" in name or name in {"to_dict", "from_dict", "to_msgpack", "from_msgpack"}:
            code = getattr(function, "__code__", None)
            told = [code.co_code.hex(), code.co_consts, code.co_names, code.co_varnames,
                    re.sub(" at 0x[0-9a-f]+", "", repr(function.__defaults__)),
                    repr(function.__kwdefaults__)] if code else []
            kind = type(value).__name__
            found[f"{cls.__module__}.{cls.__qualname__}.{name}"] = [kind, *map(str, told)]
from dbt.artifacts.resources import FreshnessThreshold, Time
from dbt.artifacts.resources.types import TimePeriod
time = Time(count=2, period=TimePeriod.hour)
threshold = FreshnessThreshold(warn_after=time)
again = FreshnessThreshold.from_dict(threshold.to_dict(omit_none=True))
found["round"] = [str(threshold.to_dict(omit_none=True)), repr(again), time.to_msgpack().hex()]
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.contracts.project import PackageConfig, Project, ProjectFlags
from dbt_runner.engine.patches import schemas
with applied([schemas.PATCH] if sys.argv[1] == "patched" else ()) as verdicts:
    assert not any(verdict.refused for verdict in verdicts), verdicts
    for cls in DuckDBCredentials, PackageConfig, Project, ProjectFlags:
        found[cls.__name__] = json.dumps(cls.json_schema())
json.dump(found, sys.stdout)
"""


@pytest.mark.slow
def test_shared_stubs_are_the_same_stubs() -> None:
    """Each class of dbt has the same methods and schema, with the patches and without."""
    seen = []
    for how in ("patched", "stock"):
        words = [sys.executable, "-c", PROBE, how]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        seen.append(json.loads(done.stdout))
    assert len(seen[0]) > 1000
    assert seen[0] == seen[1]


def macro(package: str, name: str) -> Any:
    """What dbt hands over of a macro."""
    text = f"{{% macro {name}(x) %}}{{{{ x }}}}{{{{ x }}}}{{% endmacro %}}"
    return SimpleNamespace(macro_sql=text, package_name=package, name=name)


def called(template: Any, name: str) -> str:
    """What a macro says."""
    return str(vars(template.make_module(vars={}))[f"dbt_macro__{name}"]("a"))


def test_macros_of_dbt_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process finds what dbt's macros were compiled to, and nothing of a project's."""
    jinja = import_module("dbt_common.clients.jinja")
    import_module("dbt.adapters.factory")
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    theirs, own = macro("dbt", "twice"), macro("shop", "double")
    for process in ("first", "second"):
        code = GeneratedCode(tmp_path / "code")
        code.read()
        monkeypatch.setattr(generated_code, "_current", code)
        if process == "second":
            refuse = Mock(side_effect=ZeroDivisionError)
            monkeypatch.setattr(jinja.MacroFuzzEnvironment, "compile", refuse, raising=False)
        with applied([macros.PATCH]) as verdicts:
            assert verdicts == (Verdict("macros"),)
            assert called(jinja.TemplateCache().get_node_template(theirs), "twice") == "aa"
            if process == "first":
                assert called(jinja.TemplateCache().get_node_template(own), "double") == "aa"
            else:
                with pytest.raises(Exception, match=r".*") as raised:
                    jinja.TemplateCache().get_node_template(own)
                assert isinstance(raised.value.__cause__, ZeroDivisionError)
        code.keep()
