"""The Thrift service that the connector speaks to, over the engine."""

from __future__ import annotations

import threading
import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from databricks.sql.thrift_api.TCLIService import ttypes as t
from pyspark.sql import SparkSession

from front import arrow, overlay
from front.spark import Spark, SqlError
from front.statements import Statement, Statements

WAIT = 1.0
"""Seconds that a request waits for a statement's end before it answers that it still runs."""

_SECRET = b"\0" * 16


@dataclass
class Session:
    """One connection."""

    engine: SparkSession
    configuration: dict[str, str]


@dataclass
class Operation:
    """One statement at work, or its result."""

    statement: Statement
    session: Session | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    future: Future[pa.Table] = field(default_factory=Future)
    id: bytes = field(default_factory=lambda: uuid.uuid4().bytes)
    cancelled: bool = False
    fetched: bool = False

    @property
    def group(self) -> str:
        """The name by which the engine knows it."""
        return self.id.hex()

    def handle(self) -> t.TOperationHandle:
        """What the connector calls it by."""
        return t.TOperationHandle(
            operationId=t.THandleIdentifier(guid=self.id, secret=_SECRET),
            operationType=t.TOperationType.EXECUTE_STATEMENT,
            hasResultSet=True,
        )

    def status(self) -> t.TGetOperationStatusResp:
        """How it stands."""
        state, text = t.TOperationState.FINISHED_STATE, None
        if self.cancelled:
            state = t.TOperationState.CANCELED_STATE
        elif not self.future.done():
            state = t.TOperationState.RUNNING_STATE
        elif error := self.future.exception():
            state, text = t.TOperationState.ERROR_STATE, str(error)
        return t.TGetOperationStatusResp(
            status=_ok(),
            operationState=state,
            errorMessage=text,
            displayMessage=text,
            sqlState="42000" if text else None,
        )


class Service:
    """Handler of the connector's own `TCLIService.Processor`."""

    def __init__(self, spark: Spark, catalogs: tuple[str, ...], statements: Statements) -> None:
        self._spark = spark
        self._catalogs = catalogs
        self._statements = statements
        self._sessions: dict[bytes, Session] = {}
        self._operations: dict[bytes, Operation] = {}
        self._pool = ThreadPoolExecutor(16)
        self.request = threading.local()

    # sessions

    def OpenSession(self, request: t.TOpenSessionReq) -> t.TOpenSessionResp:
        place = request.initialNamespace
        if place and place.catalogName and not self._spark.knows(place.catalogName):
            msg = f"[NO_SUCH_CATALOG_EXCEPTION] Catalog '{place.catalogName}' was not found."
            return t.TOpenSessionResp(status=_error(msg), serverProtocolVersion=_version())
        session_id = uuid.uuid4().bytes
        configuration = dict(request.configuration or {})
        self._sessions[session_id] = Session(self._spark.session(), configuration)
        return t.TOpenSessionResp(
            status=_ok(),
            serverProtocolVersion=_version(),
            sessionHandle=t.TSessionHandle(
                sessionId=t.THandleIdentifier(guid=session_id, secret=_SECRET)
            ),
            initialNamespace=place,
            canUseMultipleCatalogs=True,
        )

    def CloseSession(self, request: t.TCloseSessionReq) -> t.TCloseSessionResp:
        session = self._sessions.pop(request.sessionHandle.sessionId.guid, None)
        # as HiveServer2 does, of which this is the protocol (`HiveSessionImpl.close`)
        for operation in list(self._operations.values()) if session else ():
            if operation.session is session:
                self._cancel(operation)
        return t.TCloseSessionResp(status=_ok())

    # statements

    def ExecuteStatement(self, request: t.TExecuteStatementReq) -> t.TExecuteStatementResp:
        session = self._sessions.get(request.sessionHandle.sessionId.guid)
        if session is None:
            return t.TExecuteStatementResp(status=_error("Invalid SessionHandle"))
        statement = Statement(
            request.statement,
            headers=getattr(self.request, "headers", {}),
            session=session.configuration,
        )
        # their types are not looked at: what comes as text is bound as text
        given = {each.name: each.value.stringValue for each in request.parameters or ()}
        return t.TExecuteStatementResp(**self._start(Operation(statement, session, given)))

    def GetOperationStatus(self, request: t.TGetOperationStatusReq) -> t.TGetOperationStatusResp:
        operation = self._operations.get(request.operationHandle.operationId.guid)
        if operation is None:
            return t.TGetOperationStatusResp(status=_error("Invalid OperationHandle"))
        if not operation.cancelled:
            wait([operation.future], timeout=WAIT)
        return operation.status()

    def CancelOperation(self, request: t.TCancelOperationReq) -> t.TCancelOperationResp:
        operation = self._operations.get(request.operationHandle.operationId.guid)
        if operation:
            operation.statement.cancels += 1
            self._cancel(operation)
        return t.TCancelOperationResp(status=_ok())

    def CloseOperation(self, request: t.TCloseOperationReq) -> t.TCloseOperationResp:
        operation = self._operations.pop(request.operationHandle.operationId.guid, None)
        if operation:
            self._cancel(operation)
        return t.TCloseOperationResp(status=_ok())

    def GetResultSetMetadata(
        self, request: t.TGetResultSetMetadataReq
    ) -> t.TGetResultSetMetadataResp:
        return _metadata(self._operations[request.operationHandle.operationId.guid])

    def FetchResults(self, request: t.TFetchResultsReq) -> t.TFetchResultsResp:
        operation = self._operations[request.operationHandle.operationId.guid]
        answer = _rows(operation)
        if request.includeResultSetMetadata:
            answer.resultSetMetadata = _metadata(operation)
        return answer

    # metadata

    def GetCatalogs(self, request: t.TGetCatalogsReq) -> t.TGetCatalogsResp:
        found = arrow.strings(["TABLE_CAT"], [[name] for name in self._catalogs])
        return t.TGetCatalogsResp(**self._answer("getCatalogs", found))

    def GetSchemas(self, request: t.TGetSchemasReq) -> t.TGetSchemasResp:
        catalog = request.catalogName or self._catalogs[0]
        rows = [[name, catalog] for name in self._spark.schemas()]
        found = arrow.strings(["TABLE_SCHEM", "TABLE_CATALOG"], rows)
        return t.TGetSchemasResp(**self._answer("getSchemas", found))

    def GetTables(self, request: t.TGetTablesReq) -> t.TGetTablesResp:
        catalog = request.catalogName or self._catalogs[0]
        schemas = [name for name in self._spark.schemas() if name == request.schemaName]
        rows = [
            [catalog, schema, name, kind, ""]
            for schema in schemas
            for name, kind in self._spark.tables(schema)
        ]
        names = ["TABLE_CAT", "TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE", "REMARKS"]
        return t.TGetTablesResp(**self._answer("getTables", arrow.strings(names, rows)))

    # the work

    def _start(self, operation: Operation) -> dict[str, Any]:
        assert operation.session
        self._operations[operation.id] = operation
        self._statements.add(operation.statement)
        engine = operation.session.engine
        operation.future = self._pool.submit(self._execute, operation, engine)
        wait([operation.future], timeout=WAIT)
        return self._respond(operation)

    def _cancel(self, operation: Operation) -> None:
        if not operation.future.done():
            operation.cancelled = True
            operation.statement.state = "cancelled"
            self._spark.cancel(operation.group)

    def _execute(self, operation: Operation, engine: SparkSession) -> pa.Table:
        statement, clock = operation.statement, time.monotonic()
        try:
            found = overlay.execute(
                statement.sql,
                lambda sql: self._spark.run(engine, sql, operation.group, operation.parameters),
                self._catalogs[0],
            )
        except Exception as error:
            statement.state = "cancelled" if operation.cancelled else "error"
            statement.error = str(error)
            raise
        else:
            statement.state = "cancelled" if operation.cancelled else "finished"
            return found
        finally:
            statement.seconds = time.monotonic() - clock

    def look(self, sql: str) -> list[dict[str, Any]]:
        """Run a statement that leaves no record, such as a test's own."""
        found: list[dict[str, Any]] = self._spark.run(self._spark.session(), sql).to_pylist()
        return found

    def finish(self, within: float) -> None:
        """Wait for everything that is at work; for faults that follow a commit."""
        wait([operation.future for operation in self._operations.values()], timeout=within)

    def _answer(self, name: str, found: pa.Table) -> dict[str, Any]:
        operation = Operation(Statement(name, state="finished"))
        operation.future.set_result(found)
        self._operations[operation.id] = operation
        return self._respond(operation)

    def _respond(self, operation: Operation) -> dict[str, Any]:
        direct = t.TSparkDirectResults(operationStatus=operation.status())
        if direct.operationStatus.operationState == t.TOperationState.FINISHED_STATE:
            direct.resultSetMetadata = _metadata(operation)
            direct.resultSet = _rows(operation)
            direct.closeOperation = t.TCloseOperationResp(status=_ok())
            del self._operations[operation.id]
        return {
            "status": _ok(),
            "operationHandle": operation.handle(),
            "directResults": direct,
        }


def refusal(message: str) -> t.TExecuteStatementResp:
    """The answer to a statement that fails without having been handed to the engine."""
    operation = Operation(Statement(""))
    operation.future.set_exception(SqlError(message))
    direct = t.TSparkDirectResults(operationStatus=operation.status())
    return t.TExecuteStatementResp(
        status=_ok(), operationHandle=operation.handle(), directResults=direct
    )


def _metadata(operation: Operation) -> t.TGetResultSetMetadataResp:
    schema = operation.future.result().schema
    return t.TGetResultSetMetadataResp(
        status=_ok(),
        schema=arrow.columns(schema),
        resultFormat=t.TSparkRowSetType.ARROW_BASED_SET,
        lz4Compressed=False,
        arrowSchema=schema.serialize().to_pybytes(),
        isStagingOperation=False,
    )


def _rows(operation: Operation) -> t.TFetchResultsResp:
    found = [] if operation.fetched else arrow.batches(operation.future.result())
    operation.fetched = True
    return t.TFetchResultsResp(
        status=_ok(),
        hasMoreRows=False,
        results=t.TRowSet(startRowOffset=0, rows=[], arrowBatches=found),
    )


def _ok() -> t.TStatus:
    return t.TStatus(statusCode=t.TStatusCode.SUCCESS_STATUS)


def _error(message: str) -> t.TStatus:
    return t.TStatus(
        statusCode=t.TStatusCode.ERROR_STATUS, errorMessage=message, displayMessage=message
    )


def _version() -> int:
    return int(t.TProtocolVersion.SPARK_CLI_SERVICE_PROTOCOL_V7)
