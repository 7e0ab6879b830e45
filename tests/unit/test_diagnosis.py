"""Which sort of error a node ended with, and a hint how to mend it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from time import process_time

import pytest
import yaml

from dbt_runner.warehouse.diagnosis import Diagnosis, Sort, diagnose

CORPUS = yaml.safe_load(Path(__file__).with_name("error_messages.yml").read_text("utf-8"))
MESSAGES = [
    pytest.param(entry["message"], Sort(sort), id=f"{sort}-{number}")
    for sort, entries in CORPUS.items()
    for number, entry in enumerate(entries)
]
IN_A_NODE = [
    "Runtime Error in model x (models/503.sql)\n  {}",
    "Database Error in snapshot PERMISSION_DENIED (x.sql)\n  {}\n  compiled code at a.sql",
    "Database Error in model x (models/x.sql)\n  Runtime Error\n    Database Error\n      {}",
]


def sort_of(message: str) -> Sort | None:
    """The sort alone."""
    found = diagnose(message)
    return found.sort if found else None


@pytest.mark.parametrize("sort", list(Sort))
def test_corpus_has_a_dozen_messages_per_sort(sort: Sort) -> None:
    """Every sort is held against at least twelve different messages, each with its source."""
    entries = CORPUS[sort]
    assert len({entry["message"] for entry in entries}) >= 12
    assert all(entry["source"] for entry in entries)


@pytest.mark.parametrize(("message", "sort"), MESSAGES)
def test_known_message(message: str, sort: Sort) -> None:
    """A message as it was met is sorted, with a hint of one line."""
    found = diagnose(message)
    assert found
    assert found.sort is sort
    assert found.hint.strip()
    assert not {"\n", "{", "}"} & set(found.hint)
    assert len(found.hint) < 200


@pytest.mark.parametrize("node", IN_A_NODE, ids=["runtime", "database", "nested"])
@pytest.mark.parametrize(("message", "sort"), MESSAGES)
def test_message_of_a_node(message: str, sort: Sort, node: str) -> None:
    """What dbt puts around an error, names of nodes included, does not change its sort."""
    indented = message.strip().replace("\n", "\n  ")
    assert sort_of(node.format(indented)) is sort


@pytest.mark.parametrize(("message", "sort"), MESSAGES)
def test_form_does_not_matter(message: str, sort: Sort) -> None:
    """Colours, line ends and the time that a log puts before a line change nothing."""
    coloured = "".join(f"\x1b[31m{line}\x1b[0m\r\n" for line in message.split("\n"))
    assert sort_of(coloured) is sort
    assert sort_of(f"\n\n13:38:50    {message.strip()}\n\n") is sort


@pytest.mark.parametrize(
    ("message", "sort"),
    [
        pytest.param(
            "[UDF_USER_CODE_ERROR.GENERIC] Execution of function f failed.\n"
            "== Error ==\nConnectionRefusedError: Connection refused",
            Sort.MODEL,
            id="code-of-a-function",
        ),
        pytest.param(
            "Python model failed with traceback as:\n  File x\n"
            "requests.exceptions.HTTPError: 503 Service Unavailable",
            Sort.MODEL,
            id="code-of-a-python-model",
        ),
        pytest.param(
            "Python model failed with traceback as:\n  File x\n"
            "ConcurrentAppendException: [DELTA_CONCURRENT_APPEND] Files were added",
            Sort.BUSY,
            id="conflict-in-a-python-model",
        ),
        pytest.param(
            "[SOME_NEW_CONDITION] The value says: Connection reset by peer",
            None,
            id="new-condition",
        ),
        pytest.param(
            "[SOME_NEW_CONDITION] HTTP 503 SQLSTATE: 22023", Sort.MODEL, id="new-with-sqlstate"
        ),
        pytest.param(
            "[DELTA_SOMETHING_NEW] Connection reset by peer", Sort.MODEL, id="new-of-delta"
        ),
        pytest.param("[DELTA_CONCURRENT_SOMETHING] retry", Sort.BUSY, id="new-conflict-of-delta"),
        pytest.param(
            "[CAST_INVALID_INPUT] The value '[PERMISSION_DENIED] x' is malformed. SQLSTATE: 22018",
            Sort.MODEL,
            id="condition-as-value",
        ),
        pytest.param(
            "[MISSING_GROUP_BY] SQLSTATE: 42803\n== SQL ==\nselect '[DELTA_CONCURRENT_APPEND] y'",
            Sort.MODEL,
            id="condition-in-the-sql",
        ),
        pytest.param(
            "something odd\nLINE 1: select 'Connection reset by peer'", None, id="phrase-in-the-sql"
        ),
        pytest.param(
            "Got 503 results, configured to fail if != 0", Sort.MODEL, id="number-of-failures"
        ),
        pytest.param(
            "[INTERNAL_ERROR] The Spark SQL phase optimization failed. SQLSTATE: XX000",
            Sort.MODEL,
            id="internal-error-alone",
        ),
        pytest.param(
            "[INTERNAL_ERROR_SHUFFLE] Connection reset by peer SQLSTATE: XX000",
            Sort.MODEL,
            id="internal-error-of-a-part",
        ),
        pytest.param("odd value 'PERMISSION_DENIED: x'", None, id="code-as-value"),
        pytest.param(
            "[FAILED_READ_FILE.NO_HINT] Encountered error while reading file a. Caused by:"
            " Connection reset by peer SQLSTATE: KD001",
            Sort.TRANSIENT,
            id="vague-condition",
        ),
        pytest.param("IO Error: Cannot open file: HTTP 503", Sort.TRANSIENT, id="vague-name"),
        pytest.param(
            "[OPERATION_CANCELED] Operation has been canceled. SQLSTATE: HY008",
            Sort.MODEL,
            id="cancelled-by-somebody",
        ),
        pytest.param(
            "[QUERY_EXECUTION_TIMEOUT_EXCEEDED] Query execution was cancelled due to exceeding the"
            " timeout (30s). SQLSTATE: 57KD0",
            Sort.MODEL,
            id="statement-timeout",
        ),
        pytest.param(
            "ExecutorLostFailure (executor 3 exited) Reason: Executor decommission finished: worker"
            " decommissioned because of a spot instance",
            Sort.TRANSIENT,
            id="spot-loss",
        ),
        pytest.param(
            "Error during request to server: RESOURCE_DOES_NOT_EXIST: no such warehouse. ",
            Sort.MODEL,
            id="request-with-a-reason",
        ),
        pytest.param(
            "Error during request to server: something unheard of. ", None, id="unknown-reason"
        ),
    ],
)
def test_quotation_does_not_decide(message: str, sort: Sort | None) -> None:
    """The error's own name decides, not the data, code or SQL that it quotes."""
    assert sort_of(message) is sort


@pytest.mark.parametrize(
    "message", ["", "OK", "\n\n", "Skipping due to fail_fast", "[", "SQLSTATE: 00000", "x" * 100]
)
def test_unknown_message(message: str) -> None:
    """What nobody has described stays unsorted."""
    assert diagnose(message) is None


@pytest.mark.parametrize(
    ("message", "statement"),
    [
        pytest.param(
            "PERMISSION_DENIED: User does not have USE SCHEMA on Schema 'c.s'.",
            "GRANT USE SCHEMA ON SCHEMA `c`.`s` TO `principal`",
            id="schema",
        ),
        pytest.param(
            "[INSUFFICIENT_PERMISSIONS] Insufficient privileges:\n  User does not have MODIFY on"
            "\n  Table 'c.s.t'. SQLSTATE: 42501",
            "GRANT MODIFY ON TABLE `c`.`s`.`t` TO `principal`",
            id="table-over-lines",
        ),
        pytest.param(
            "User does not have permission CREATE,USAGE on database `scratch`.",
            "GRANT CREATE, USAGE ON SCHEMA `scratch` TO `principal`",
            id="several",
        ),
        pytest.param(
            "User does not have permission SELECT on any file.",
            "GRANT SELECT ON ANY FILE TO `principal`",
            id="any-file",
        ),
        pytest.param(
            "PERMISSION_DENIED: User does not have READ FILES on External Location 'landing'.",
            "GRANT READ FILES ON EXTERNAL LOCATION `landing` TO `principal`",
            id="location",
        ),
        pytest.param(
            "PERMISSION_DENIED: User is not an owner of Table 'c.s.t'.",
            "GRANT MANAGE ON TABLE `c`.`s`.`t` TO `principal`",
            id="owner",
        ),
    ],
)
def test_missing_grant_is_written_out(message: str, statement: str) -> None:
    """A message that names privilege and object gives the statement to run."""
    assert diagnose(message) == Diagnosis(
        Sort.PERMISSION, f"have an owner or admin run: {statement}"
    )


def test_grant_without_an_object_is_not_made_up() -> None:
    """A message that names no object gives no statement."""
    found = diagnose("PERMISSION_DENIED: User does not have permission CREATE on CATALOG.")
    assert found
    assert found.sort is Sort.PERMISSION
    assert "GRANT" not in found.hint


def test_name_in_a_grant_cannot_leave_its_quotes() -> None:
    """A backtick in an object's name does not end up in the statement."""
    found = diagnose("User does not have SELECT on Table 'c.s.t` TO `evil'.")
    assert found
    assert found.hint.endswith("ON TABLE `c`.`s`.`t TO evil` TO `principal`")


@pytest.mark.parametrize(
    "part",
    ["x ", "\n", " ", "[A_B", "cluster is ", "A_", "SQLSTATE", "user does not have A, ", "'"],
)
def test_long_message_takes_no_time(part: str) -> None:
    """A megabyte of text is read in less than a second, whatever it repeats."""
    message = part * (1_000_000 // len(part))
    start = process_time()
    diagnose(message)
    assert process_time() - start < 1


def test_end_of_a_long_message_counts() -> None:
    """A traceback names its exception last."""
    assert sort_of("x\n" * 500_000 + "Connection reset by peer") is Sort.TRANSIENT


def test_import_is_light() -> None:
    """A local run pays for no SDK, connector or dbt when it sorts errors."""
    code = (
        "import sys, dbt_runner.warehouse.diagnosis;"
        "print({'dbt', 'databricks', 'duckdb', 'yaml'}.intersection(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
