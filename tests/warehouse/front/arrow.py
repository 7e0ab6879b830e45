"""Arrow results in the types of the Thrift service."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from databricks.sql.thrift_api.TCLIService import ttypes as t

_BY_TEST = (
    (pa.types.is_boolean, t.TTypeId.BOOLEAN_TYPE),
    (pa.types.is_int8, t.TTypeId.TINYINT_TYPE),
    (pa.types.is_int16, t.TTypeId.SMALLINT_TYPE),
    (pa.types.is_int32, t.TTypeId.INT_TYPE),
    (pa.types.is_int64, t.TTypeId.BIGINT_TYPE),
    (pa.types.is_float32, t.TTypeId.FLOAT_TYPE),
    (pa.types.is_float64, t.TTypeId.DOUBLE_TYPE),
    (pa.types.is_decimal, t.TTypeId.DECIMAL_TYPE),
    (pa.types.is_date, t.TTypeId.DATE_TYPE),
    (pa.types.is_timestamp, t.TTypeId.TIMESTAMP_TYPE),
    (pa.types.is_binary, t.TTypeId.BINARY_TYPE),
    (pa.types.is_map, t.TTypeId.MAP_TYPE),
    (pa.types.is_struct, t.TTypeId.STRUCT_TYPE),
    (pa.types.is_list, t.TTypeId.ARRAY_TYPE),
    (pa.types.is_null, t.TTypeId.NULL_TYPE),
)


def columns(schema: pa.Schema) -> t.TTableSchema:
    """The columns of a result, as the connector reads its description from them."""
    return t.TTableSchema(
        columns=[
            t.TColumnDesc(
                columnName=field.name,
                position=position,
                typeDesc=t.TTypeDesc(types=[t.TTypeEntry(primitiveEntry=_entry(field.type))]),
            )
            for position, field in enumerate(schema, start=1)
        ]
    )


def batches(table: pa.Table) -> list[t.TSparkArrowBatch]:
    """The rows of a result."""
    return [
        t.TSparkArrowBatch(batch=batch.serialize().to_pybytes(), rowCount=batch.num_rows)
        for batch in table.combine_chunks().to_batches()
    ]


def strings(names: list[str], rows: list[list[Any]]) -> pa.Table:
    """A table of text columns."""
    return pa.table(
        {
            name: pa.array([row[at] for row in rows], type=pa.string())
            for at, name in enumerate(names)
        }
    )


def _entry(kind: pa.DataType) -> t.TPrimitiveTypeEntry:
    found = (type_id for test, type_id in _BY_TEST if test(kind))
    qualifiers = None
    if pa.types.is_decimal(kind):
        value = t.TTypeQualifierValue
        qualifiers = t.TTypeQualifiers(
            qualifiers={
                "precision": value(i32Value=kind.precision),
                "scale": value(i32Value=kind.scale),
            }
        )
    return t.TPrimitiveTypeEntry(type=next(found, t.TTypeId.STRING_TYPE), typeQualifiers=qualifiers)
