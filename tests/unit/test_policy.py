"""The project's runner.yml: what it may say, and what it decides."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from dbt_runner import policy, project
from dbt_runner.errors import PolicyError, SettingsError
from dbt_runner.policy import Policy, Target
from dbt_runner.run_types import Command
from dbt_runner.variable_rules import Variable

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Load


def write(folder: Path, text: str | bytes) -> Path:
    """A project folder with this runner.yml."""
    content = text.encode() if isinstance(text, str) else text
    (folder / "runner.yml").write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("text", "target"),
    [
        pytest.param("settings: {target: prod}", "prod", id="plain"),
        pytest.param("\ufeffsettings: {target: prod}", "prod", id="byte-order-mark"),
        pytest.param("settings: {target: prod}\r\n", "prod", id="windows-line-ends"),
        pytest.param("", None, id="empty-file"),
        pytest.param("# nothing yet\n", None, id="comment-only"),
    ],
)
def test_file_is_read(tmp_path: Path, text: str, target: str | None) -> None:
    """A runner.yml may be empty, and may come from an editor that writes a byte order mark."""
    assert policy.load(write(tmp_path, text)).settings.get("target") == target


def test_project_without_policy_allows_what_dbt_allows(tmp_path: Path) -> None:
    """No runner.yml means no rules."""
    assert policy.load(tmp_path) == Policy()


def test_packaged_policy_loads() -> None:
    """The shipped project's policy is understood, and leaves no variable undeclared."""
    shipped = policy.load(project.packaged_folder())
    assert shipped.targets["local"].samples
    assert shipped.variables is not None
    assert shipped.run_type("land_day").commands == (Command("run-operation", macro="land_day"),)


def test_packaged_policy_fits_the_settings(load: Load) -> None:
    """Every key under settings and deployment of the shipped policy is a deployment setting."""
    load(policy=policy.load(project.packaged_folder()), in_job=True)


FAULTS = [
    pytest.param("settings: {target: [", "cannot be read", id="malformed"),
    pytest.param("a: b: c", "cannot be read", id="malformed-mapping"),
    pytest.param("a: !!python/object/apply:os.system [ls]", "cannot be read", id="python-tag"),
    pytest.param("vars: {x: 2024-13-45}", "cannot be read", id="date-that-does-not-exist"),
    pytest.param(b"\xff\xfe\xff", "cannot be read", id="no-text"),
    pytest.param("a\0b", "cannot be read", id="nul"),
    pytest.param("[" * 3000, "cannot be read", id="3000-deep"),
    pytest.param("just words", "the file: ", id="a-text"),
    pytest.param("[]", "the file: ", id="a-list"),
    pytest.param("false", "the file: ", id="a-boolean"),
    pytest.param("varz: {}", "varz: ", id="unknown-key"),
    pytest.param("own_run_types: {}", "own_run_types: ", id="name-of-the-attribute"),
    pytest.param("1: x", "1", id="number-as-key"),
    pytest.param('"a\\nb": x', r"a\nb: ", id="newline-in-a-key"),
    pytest.param("vars: 5", "vars: ", id="vars-is-a-number"),
    pytest.param("vars: {x: 5}", "vars.x: ", id="variable-is-a-number"),
    pytest.param("vars: {x: {type: text}}", "vars.x.type: ", id="unknown-type"),
    pytest.param("vars: {x: {type: string, patern: a}}", "vars.x.patern: ", id="unknown-bound"),
    pytest.param("vars: {x: {type: string, pattern: '('}}", "vars.x.pattern: ", id="bad-pattern"),
    pytest.param("vars: {x: {type: integer, pattern: a}}", "vars.x: pattern", id="idle-pattern"),
    pytest.param("vars: {x: {type: string, maximum: 5}}", "vars.x: minimum", id="idle-bound"),
    pytest.param("deployment: {grace: 5}", "deployment.grace: ", id="list-is-missing"),
    pytest.param("targets: {x: {type: spark}}", "targets.x.type: ", id="unknown-engine"),
    pytest.param("targets: {x: {type: duckdb, schema: 'a\"b'}}", "targets.x.schema: ", id="schema"),
    pytest.param("targets: {x: {type: duckdb, protected: si}}", "targets.x.protected: ", id="bool"),
    pytest.param("targets: {x: {type: duckdb, protected: true}}", "targets.x: a ", id="no-list"),
    pytest.param("production: {target: x}", "production.0.catalog: ", id="half-a-production"),
    pytest.param(
        "production: {target: x, catalog: c, schema: s, artifacts: a}",
        "production.0.artifacts: must be an absolute path",
        id="artifacts-relative",
    ),
    pytest.param(
        "production: {target: x, catalog: c, schema: s, artifacts: /Volumes/a/../b}",
        "production.0.artifacts: must be /Volumes/<catalog>",
        id="artifacts-outside-a-volume",
    ),
    pytest.param(
        "production: {target: x, catalog: c, schema: 's\"'}",
        "production.0.schema: ",
        id="production-schema",
    ),
    pytest.param(
        "{targets: {a: {type: duckdb}}, production: {target: x, catalog: c, schema: s}}",
        "production: 'x' is no target; there is a",
        id="production-elsewhere",
    ),
    pytest.param(
        "{targets: {a: {type: duckdb}, b: {type: duckdb}}, production: ["
        "{target: a, catalog: c, schema: s}, {target: b, catalog: c, schema: s}]}",
        "production: there is more than one on duckdb",
        id="two-productions-of-a-kind",
    ),
    pytest.param("stale_sources: maybe", "stale_sources: ", id="unknown-choice"),
    pytest.param("run_types: {x: {}}", "run_types.x.commands: ", id="no-commands"),
    pytest.param("run_types: {x: {commands: []}}", "run_types.x.commands: ", id="empty-list"),
    pytest.param("run_types: {x: {commands: build}}", "run_types.x.commands: ", id="a-text-only"),
    pytest.param("run_types: {full: {commands: [run]}}", "run_types.full: is built in", id="taken"),
]


@pytest.mark.parametrize(("text", "message"), FAULTS)
def test_fault_names_the_file_and_the_key(tmp_path: Path, text: str | bytes, message: str) -> None:
    """A policy that is not understood is refused in one line with the file and the key."""
    with pytest.raises(PolicyError) as caught:
        policy.load(write(tmp_path, text))
    assert str(caught.value).startswith(f"{tmp_path}/runner.yml: {message}")
    assert str(caught.value).isprintable()
    assert caught.value.exit_code == 2


def test_unreadable_file_is_no_missing_file(tmp_path: Path) -> None:
    """A folder in place of runner.yml is an error, not the freedom of a project without one."""
    (tmp_path / "runner.yml").mkdir()
    with pytest.raises(PolicyError, match=r"runner\.yml: cannot be read"):
        policy.load(tmp_path)


@pytest.mark.parametrize(
    ("declared", "value", "fault"),
    [
        pytest.param({"type": "integer"}, 5, None, id="integer"),
        pytest.param({"type": "integer"}, 5.0, "type integer", id="fraction-as-integer"),
        pytest.param({"type": "integer"}, True, "type integer", id="boolean-as-integer"),
        pytest.param({"type": "integer"}, "5", "type integer", id="text-as-integer"),
        pytest.param({"type": "integer"}, None, "type integer", id="null-as-integer"),
        pytest.param({"type": "integer", "minimum": 0}, -1, "at least 0", id="too-small"),
        pytest.param({"type": "integer", "maximum": 9}, 10, "at most 9", id="too-large"),
        pytest.param({"type": "integer", "minimum": 0, "maximum": 9}, 9, None, id="at-the-bound"),
        pytest.param({"type": "number"}, 0.5, None, id="number"),
        pytest.param({"type": "number"}, True, "type number", id="boolean-as-number"),
        pytest.param({"type": "boolean"}, False, None, id="boolean"),
        pytest.param({"type": "boolean"}, 0, "type boolean", id="number-as-boolean"),
        pytest.param({"type": "string"}, "a b", None, id="string"),
        pytest.param({"type": "string"}, 5, "type string", id="number-as-string"),
        pytest.param({"type": "string"}, {"a": 1}, "type string", id="object-as-string"),
        pytest.param({"type": "string"}, "it's", "must not hold quotes", id="quote"),
        pytest.param({"type": "string", "pattern": "[a-z]+"}, "abc", None, id="pattern"),
        pytest.param({"type": "string", "pattern": "[a-z]+"}, "abc1", "match", id="whole-text"),
        pytest.param({"type": "string", "pattern": "a|b"}, "axb", "match", id="alternatives"),
        pytest.param({"type": "string", "pattern": "[a-z']+"}, "it's", None, id="quote-by-pattern"),
        pytest.param({"type": "string", "values": ["a", "b"]}, "a", None, id="listed-value"),
        pytest.param({"type": "string", "values": ["a", "b"]}, "c", "one of a, b", id="unlisted"),
        pytest.param({"type": "integer", "values": [1, 2]}, 3, "one of 1, 2", id="unlisted-number"),
        pytest.param({"type": "list"}, ["a", 1], None, id="list"),
        pytest.param({"type": "list"}, "a", "type list", id="text-as-list"),
        pytest.param({"type": "list"}, [["a"]], "type list", id="list-in-a-list"),
        pytest.param({"type": "list"}, ["a", "it's"], "must not hold quotes", id="quote-in-a-list"),
        pytest.param({"type": "list", "maximum": 3}, [1, 4], "at most 3", id="bound-in-a-list"),
        pytest.param(
            {"type": "list", "pattern": "[a-z]"}, ["a", None], "match", id="null-in-a-list"
        ),
    ],
)
def test_variable_takes_values_of_its_type_and_bounds(
    declared: dict[str, Any], value: Any, fault: str | None
) -> None:
    """A declared variable refuses values of another type, outside its bounds, or with quotes."""
    found = Variable.model_validate(declared).fault(value)
    assert (found is None) if fault is None else (fault in str(found))


def test_undeclared_variable_is_refused_where_variables_are_declared() -> None:
    """Once a project declares its variables, no other name is passed on."""
    declared = Policy.model_validate({"vars": {"window_days": {"type": "integer"}}})
    with pytest.raises(SettingsError, match=r"window_dyas is no variable .* did you mean window"):
        declared.check_variables({"window_dyas": 1})
    with pytest.raises(SettingsError, match=r"^vars: window_days must be of type .*, got 'x'$"):
        declared.check_variables({"window_days": "x"})
    with pytest.raises(SettingsError, match="declare it in"):
        Policy.model_validate({"vars": {}}).check_variables({"x": 1})


@pytest.mark.parametrize(
    ("schemas", "catalog", "schema", "allowed"),
    [
        pytest.param(["*"], "main", "any", True, id="everything"),
        pytest.param(["*"], "other", "any", False, id="everything-in-the-own-catalog-only"),
        pytest.param(["*.*"], "other", "any", True, id="everything-everywhere"),
        pytest.param(["dev_*"], "main", "dev_a", True, id="schema-pattern"),
        pytest.param(["dev_*"], "MAIN", "Dev_A", True, id="case-folds-in-the-own-catalog"),
        pytest.param(["dev_*"], "other", "dev_a", False, id="schema-pattern-in-another-catalog"),
        pytest.param(["dev_*"], "main", "prod", False, id="another-schema"),
        pytest.param(["dev_*"], "main", "dev_x.y", False, id="dot-in-the-schema"),
        pytest.param(["*"], "main", "x.y", False, id="dot-in-any-schema"),
        pytest.param(["*.*"], "main", "x.y", False, id="dot-in-any-schema-of-any-catalog"),
        pytest.param(["dev"], "main", "dev_a", False, id="whole-name"),
        pytest.param(["dev.*"], "dev", "a", True, id="catalog-and-any-schema"),
        pytest.param(["dev.*"], "prod", "a", False, id="another-catalog"),
        pytest.param(["dev.*"], "main", "a", False, id="own-catalog-is-not-meant"),
        pytest.param(["dev.a", "prod.b"], "prod", "a", False, id="mixed-from-two-patterns"),
        pytest.param(["Dev.*"], "DEV", "A", True, id="case-folds"),
        pytest.param(["dev"], "dev", "prod", False, id="catalog-is-no-schema"),
        pytest.param([], "main", "a", False, id="nothing"),
    ],
)
def test_target_allows_schemas(
    schemas: list[str], catalog: str, schema: str, allowed: bool
) -> None:
    """A pattern without a dot is of the own catalog's schemas, one with a dot of catalog.schema."""
    target = Target.model_validate({"type": "duckdb", "schemas": schemas})
    assert target.allows(catalog, schema, "main") is allowed
    found = Policy(targets={"t": target})
    if allowed:
        found.check_relations("t", [(catalog, schema)], own_catalog="main")
    else:
        place = re.escape(f"{catalog}.{schema}")
        with pytest.raises(PolicyError, match=rf"^target_schema: .* {place}, "):
            found.check_relations("t", [(catalog, schema)], own_catalog="main")


def test_every_planned_schema_is_checked() -> None:
    """One schema that is not allowed among others that are refuses the run."""
    target = Target.model_validate({"type": "duckdb", "schemas": ["a", "b"]})
    with pytest.raises(PolicyError, match=r"write into c\.x, "):
        Policy(targets={"t": target}).check_relations(
            "t", [("c", "a"), ("c", "x"), ("c", "b")], own_catalog="c"
        )


@pytest.mark.parametrize(
    ("target", "catalog", "schema", "refused"),
    [
        pytest.param("dev", "main", "gold", False, id="another-catalog"),
        pytest.param("dev", "prod", "scratch", False, id="another-schema"),
        pytest.param("dev", "prod", "gold", True, id="protected"),
        pytest.param("dev", "PROD", "Gold_staging", True, id="case-folds"),
        pytest.param("prod", "prod", "gold", False, id="its-own-target"),
        pytest.param("local", "prod", "gold", False, id="another-kind-of-database"),
    ],
)
def test_protected_schemas_are_written_by_their_target_only(
    target: str, catalog: str, schema: str, refused: bool
) -> None:
    """Naming another target is no way around a target's protection."""
    databricks = {"type": "databricks", "schema": "x"}
    prod = {**databricks, "catalog": "prod", "protected": True, "schemas": ["gold*"]}
    targets = {"dev": {**databricks, "catalog": "main"}, "prod": prod, "local": {"type": "duckdb"}}
    found = Policy.model_validate({"targets": targets})
    if refused:
        with pytest.raises(PolicyError, match=r"^target_schema: .* the target prod protects"):
            found.check_relations(target, [(catalog, schema)], own_catalog=catalog)
    else:
        found.check_relations(target, [(catalog, schema)], own_catalog=catalog)


@pytest.mark.parametrize(
    ("target", "schema", "confirm", "refused"),
    [
        pytest.param("prod", "gold", None, True, id="not-confirmed"),
        pytest.param("prod", "gold", "silver", True, id="another-schema-confirmed"),
        pytest.param("prod", None, None, True, id="schema-unknown"),
        pytest.param("prod", "gold", "gold", False, id="confirmed"),
        pytest.param("prod", "GOLD", "gold", False, id="confirmed-in-lower-case"),
        pytest.param("dev", "gold", None, False, id="not-protected"),
        pytest.param("other", "gold", None, False, id="not-in-the-file"),
    ],
)
def test_protected_target_refuses_a_full_refresh(
    target: str, schema: str | None, confirm: str | None, refused: bool
) -> None:
    """A protected target is rebuilt from nothing only if its schema is named once more."""
    prod = {"type": "duckdb", "protected": True, "schemas": ["gold"]}
    found = Policy.model_validate({"targets": {"prod": prod, "dev": {"type": "duckdb"}}})
    if refused:
        with pytest.raises(PolicyError, match=r"^run_type: the target prod is protected"):
            found.check_full_refresh(target, schema, confirm)
    else:
        found.check_full_refresh(target, schema, confirm)


def test_own_run_type_carries_what_the_file_says() -> None:
    """A project's run type has its commands, its description and its own view on emptiness."""
    content = {
        "commands": ["seed", "dbt build --select tag:a"],
        "empty_selection": "ok",
        "description": "d",
    }
    found = Policy.model_validate({"run_types": {"mine": content}}).run_type("mine")
    assert found.commands == (Command("seed"), Command("build", select="tag:a"))
    assert (found.name, found.empty_selection, found.description) == ("mine", "ok", "d")


def test_unknown_run_type_names_the_nearest() -> None:
    """A typo in a run type is answered with the name that was meant, own ones included."""
    found = Policy.model_validate({"run_types": {"nightly": {"commands": ["build"]}}})
    with pytest.raises(SettingsError, match=r"^run_type: 'Nightly' .*; did you mean nightly\?$"):
        found.run_type("Nightly")
    with pytest.raises(SettingsError, match=r"there is full, incremental, .*, nightly$"):
        found.run_type("x")


PRODUCTIONS = """
targets:
  local: {type: duckdb}
  laptop: {type: duckdb}
  dev: {type: databricks, catalog: main, schema: analytics}
  prod: {type: databricks, catalog: prod, schema: analytics, protected: true, schemas: ["*"]}
production:
  - {target: local, catalog: local, schema: Analytics}
  - {target: prod, catalog: prod, schema: analytics, artifacts: /Volumes/prod/analytics/runs}
"""


@pytest.mark.parametrize(
    ("text", "target", "expected"),
    [
        pytest.param(PRODUCTIONS, "local", "local", id="itself"),
        pytest.param(PRODUCTIONS, "laptop", "local", id="same-kind"),
        pytest.param(PRODUCTIONS, "dev", "prod", id="the-other-kind"),
        pytest.param(PRODUCTIONS, "mine", None, id="unknown-kind-of-several"),
        pytest.param(PRODUCTIONS.partition("  - {target: prod")[0], "mine", "local", id="only-one"),
        pytest.param(PRODUCTIONS.partition("  - {target: prod")[0], "dev", None, id="no-fit"),
        pytest.param("production: {target: p, catalog: c, schema: s}", "mine", "p", id="a-mapping"),
        pytest.param("production:", "mine", None, id="empty"),
    ],
)
def test_production_is_of_the_targets_kind(
    tmp_path: Path, text: str, target: str, expected: str | None
) -> None:
    """A run compares with the production that its own kind of database can read from."""
    found = policy.load(write(tmp_path, text)).production_for(target)
    assert (found.target if found else None) == expected


@pytest.mark.parametrize(
    ("target", "place", "message"),
    [
        pytest.param("local", ("local", "pr_1"), None, id="apart"),
        pytest.param("local", ("LOCAL", "ANALYTICS"), "is production's own", id="production"),
        pytest.param("dev", ("prod", "analytics"), "is production's own", id="by-another-target"),
        pytest.param("dev", ("main", "analytics"), None, id="another-catalog"),
        pytest.param("prod", ("prod", "pr_1"), "the target prod is protected", id="protected"),
    ],
)
def test_what_is_not_pruned(
    tmp_path: Path, target: str, place: tuple[str, str], message: str | None
) -> None:
    """Nothing is dropped in a protected target or where production is."""
    found = policy.load(write(tmp_path, PRODUCTIONS))
    if message is None:
        found.check_prune(target, [place])
        return
    with pytest.raises(PolicyError, match=f"^prune: .*{message}"):
        found.check_prune(target, [place])


def test_packaged_production_is_where_the_bundle_keeps_it() -> None:
    """A run on a laptop and one in a job each find a production of their kind."""
    shipped = policy.load(project.packaged_folder())
    local, job = shipped.production_for("local"), shipped.production_for("databricks")
    assert local is not None
    assert (local.catalog, local.target_schema, local.artifacts) == ("local", "analytics", None)
    assert job is not None
    target = shipped.targets[job.target]
    assert (job.catalog, job.target_schema) == (target.catalog, target.target_schema)
    assert job.artifacts == f"/Volumes/{job.catalog}/{job.target_schema}/dbt_runner"
    shipped.check_deployment("artifacts", str(job.artifacts), target=job.target)
