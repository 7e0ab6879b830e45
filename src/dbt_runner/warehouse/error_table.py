"""What the errors of dbt, Spark, Delta, the SQL connector and DuckDB mean, as tables.

Names and states from `error-conditions.json` of Spark 4.2, `delta-error-classes.json` of
Delta 4.4, https://docs.databricks.com/aws/error-messages/sqlstates, and the exceptions of
DuckDB 2.0 and databricks-sql-connector 4.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Sort(StrEnum):
    """Who has to act before the node can succeed.

    `MODEL` is whatever somebody has to change in the project, its data or the size of its
    compute; `PERMISSION` wants a grant or a login; `TRANSIENT` goes away by itself; `BUSY`
    goes away when another writer is done.
    """

    MODEL = "model"
    PERMISSION = "permission"
    TRANSIENT = "transient"
    BUSY = "busy"


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a node, and what to do about it in one sentence."""

    sort: Sort
    hint: str


def _model(hint: str) -> Diagnosis:
    return Diagnosis(Sort.MODEL, hint)


SQL = _model("the engine rejects the compiled SQL: correct the model")
NOT_FOUND = _model(
    "something that the SQL names does not exist: check spelling, ref() and source(), and "
    "whether it was built in this catalog and schema"
)
# The message does not say who made the object. Waiting does not help against an old one of
# another kind, so this is not busy, although two runs on one schema cause it as well.
EXISTS = _model(
    "the name is taken by an object that dbt does not replace: drop it, or do not let two runs "
    "build the same schema at once"
)
VALUE = _model("a value does not fit: correct the data, or convert it with try_cast or try_divide")
CONSTRAINT = _model("rows break a constraint or contract: correct the data or the constraint")
COLUMNS = _model(
    "the columns do not match the existing table or the contract: set on_schema_change, correct "
    "the contract, or run with full_refresh"
)
DUPLICATES = _model("unique_key is not unique among the new rows: deduplicate the model's query")
USER_CODE = _model("the function's or the Python model's own code failed: correct it")
MEMORY = _model("out of memory or a size limit: use a larger warehouse or process less data")
DISK = _model("the disk is full: free space, or process less data")
TIMED_OUT = _model(
    "it ran longer than the timeout allows: make the query faster or raise the limit"
)
CANCELLED = _model(
    "the statement was cancelled from outside: run the node again if it should not be"
)
ENGINE = _model(
    "the engine itself failed on this query: look it up by its id, or rewrite the query"
)
TEST = _model("the data fails this test: look at its rows with the compiled SQL, or store_failures")
UNIT_TEST = _model("the model's result differs from the expected rows: correct one of them")
COMPILE = _model(
    "dbt cannot compile it: correct the Jinja, YAML or contract that the message names"
)
REQUEST = _model(
    "the request is not valid: check http_path, the warehouse and the compute settings"
)
HOST = _model("the host cannot be reached as configured: check host, proxy and certificates")
FILES = _model("a file cannot be read or written: check its path, format and who else uses it")

DENIED = Diagnosis(
    Sort.PERMISSION, "the job's identity lacks a privilege on what the message names"
)
LOGIN = Diagnosis(
    Sort.PERMISSION, "the login is refused: check that token or secret are valid for this workspace"
)
WAREHOUSE = Diagnosis(Sort.PERMISSION, "grant the job's identity CAN USE on the warehouse")
STORAGE = Diagnosis(
    Sort.PERMISSION,
    "the cloud storage refuses access: check the storage credential and the storage's firewall",
)
EXPIRED = Diagnosis(
    Sort.TRANSIENT,
    "the login expired during the run: run again, with OAuth, which is renewed, not a fixed token",
)
NETWORK = Diagnosis(Sort.TRANSIENT, "the connection failed: run again")
UNAVAILABLE = Diagnosis(Sort.TRANSIENT, "the service was not available: run again in some minutes")
THROTTLED = Diagnosis(Sort.TRANSIENT, "too many requests: run again later, or with fewer threads")
SESSION = Diagnosis(Sort.TRANSIENT, "the session was lost, as when the warehouse stops: run again")
STARTING = Diagnosis(Sort.TRANSIENT, "the compute was starting or stopping: run again once it runs")
NODE_LOST = Diagnosis(Sort.TRANSIENT, "the cloud took a machine away while it worked: run again")
CONFLICT = Diagnosis(
    Sort.BUSY, "another writer changed the table meanwhile: run again when it has finished"
)
LOCKED = Diagnosis(Sort.BUSY, "another process has the database open: close it and run again")


def _by_name(*rows: tuple[Diagnosis, str]) -> dict[str, Diagnosis]:
    return {name: diagnosis for diagnosis, names in rows for name in names.split()}


# Error conditions and REST error codes that say it all. What is missing goes by its SQLSTATE.
NAMES = _by_name(
    (DENIED, "INSUFFICIENT_PERMISSIONS PERMISSION_DENIED"),
    (LOGIN, "UNAUTHENTICATED"),
    (UNAVAILABLE, "TEMPORARILY_UNAVAILABLE"),
    (THROTTLED, "RESOURCE_EXHAUSTED REQUEST_LIMIT_EXCEEDED"),
    (CONFLICT, "DELTA_METADATA_CHANGED DELTA_PROTOCOL_CHANGED DELTA_SCHEMA_CHANGE_SINCE_ANALYSIS"),
    (CONFLICT, "DELTA_MAX_COMMIT_RETRIES_EXCEEDED INCOMPATIBLE_TABLE_CHANGE_AFTER_ANALYSIS"),
    (CONFLICT, "CONCURRENT_QUERY CONCURRENT_STREAM_LOG_UPDATE"),
    (NOT_FOUND, "TABLE_OR_VIEW_NOT_FOUND SCHEMA_NOT_FOUND UNRESOLVED_ROUTINE ROUTINE_NOT_FOUND"),
    (NOT_FOUND, "UNRESOLVED_COLUMN UNRESOLVED_FIELD PATH_NOT_FOUND NO_SUCH_CATALOG_EXCEPTION"),
    (NOT_FOUND, "TABLE_DOES_NOT_EXIST SCHEMA_DOES_NOT_EXIST CATALOG_DOES_NOT_EXIST"),
    (NOT_FOUND, "DELTA_TABLE_NOT_FOUND DELTA_MISSING_DELTA_TABLE DELTA_PATH_DOES_NOT_EXIST"),
    (EXISTS, "TABLE_OR_VIEW_ALREADY_EXISTS TABLE_ALREADY_EXISTS DELTA_TABLE_ALREADY_EXISTS"),
    (EXISTS, "TEMP_TABLE_OR_VIEW_ALREADY_EXISTS VIEW_ALREADY_EXISTS EXPECT_VIEW_NOT_TABLE"),
    (EXISTS, "EXPECT_TABLE_NOT_VIEW SCHEMA_ALREADY_EXISTS"),
    (COLUMNS, "DELTA_METADATA_MISMATCH DELTA_FAILED_TO_MERGE_FIELDS INSERT_COLUMN_ARITY_MISMATCH"),
    (COLUMNS, "INCOMPATIBLE_DATA_FOR_TABLE DELTA_INSERT_COLUMN_ARITY_MISMATCH"),
    (DUPLICATES, "DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE"),
    (DUPLICATES, "MERGE_CARDINALITY_VIOLATION"),
    (CONSTRAINT, "DELTA_NOT_NULL_CONSTRAINT_VIOLATED DELTA_VIOLATE_CONSTRAINT_WITH_VALUES"),
    (CONSTRAINT, "DELTA_NEW_CHECK_CONSTRAINT_VIOLATION DELTA_NEW_NOT_NULL_VIOLATION"),
    (CONSTRAINT, "CHECK_CONSTRAINT_VIOLATION DELTA_MISSING_NOT_NULL_COLUMN_VALUE"),
    (USER_CODE, "FAILED_EXECUTE_UDF PYTHON_EXCEPTION USER_RAISED_EXCEPTION"),
    (MEMORY, "UNABLE_TO_ACQUIRE_MEMORY AGGREGATE_OUT_OF_MEMORY SPILL_OUT_OF_MEMORY"),
    (TIMED_OUT, "QUERY_EXECUTION_TIMEOUT_EXCEEDED"),
    (CANCELLED, "OPERATION_CANCELED SPARK_JOB_CANCELLED"),
    (REQUEST, "MALFORMED_REQUEST INVALID_PARAMETER_VALUE RESOURCE_DOES_NOT_EXIST"),
    (REQUEST, "ENDPOINT_NOT_FOUND"),
) | {
    # dbt's and DuckDB's kinds of error, as a line of the message begins with them.
    "Compilation Error": COMPILE,
    "Parsing Error": COMPILE,
    "Got results": TEST,
    "actual differs from expected": UNIT_TEST,
    "Binder Error": NOT_FOUND,
    "Parser Error": SQL,
    "Syntax Error": SQL,
    "Constraint Error": CONSTRAINT,
    "Conversion Error": VALUE,
    "Out of Range Error": VALUE,
    "Mismatch Type Error": VALUE,
    "Invalid Input Error": VALUE,
    "Not implemented Error": SQL,
    "Out of Memory Error": MEMORY,
    "INTERRUPT Error": CANCELLED,
}

# Whole families, for names that are not above.
PREFIXES = (("DELTA_CONCURRENT_", CONFLICT), ("UDF_", USER_CODE))

# By SQLSTATE, or by its class, the first two characters.
STATES = {
    "42501": DENIED,
    "28": LOGIN,
    "08006": NETWORK,
    "08KD1": UNAVAILABLE,
    "40": CONFLICT,
    "42P01": NOT_FOUND,
    "42703": NOT_FOUND,
    "42883": NOT_FOUND,
    "42704": NOT_FOUND,
    "42P07": EXISTS,
    "HY008": CANCELLED,
    "57KD0": TIMED_OUT,
    "22": VALUE,
    "23": CONSTRAINT,
    "38": USER_CODE,
    "39": USER_CODE,
    "P0": USER_CODE,
    "53": MEMORY,
    "54": MEMORY,
    "82": MEMORY,
    **dict.fromkeys(("07", "0A", "21", "24", "2B", "3F", "42", "44", "46"), SQL),
    **dict.fromkeys(("51", "55", "56", "F0", "KD"), SQL),
}

# Names that leave it to the text, with what holds where it says nothing more.
VAGUE = {
    "INTERNAL_ERROR": ENGINE,
    "TASK_WRITE_FAILED": ENGINE,
    "FAILED_READ_FILE": FILES,
    "DATA_SOURCE_EXTERNAL_ERROR": FILES,
    "INVALID_STATE": REQUEST,
    "BAD_REQUEST": REQUEST,
    "IO Error": FILES,
    "HTTP Error": FILES,
    "Internal Error": ENGINE,
    "INTERNAL Error": ENGINE,
}
# The same, for errors that are never transient: what they quote may be.
VAGUE_BUT_LASTING = {
    "Catalog Error": NOT_FOUND,
    "TransactionContext Error": CONSTRAINT,
    "Permission Error": DENIED,
    "Python model": USER_CODE,
}
VAGUE_STATES = {"58": ENGINE, "XX": ENGINE}
