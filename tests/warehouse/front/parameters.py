"""Named parameters of a statement, bound by Spark's own code for it.

Spark binds what `SparkSession.sql` is given in its own parser; with Delta's before it, as here,
commands (`create schema`, `merge`) get none (Spark 4.2, Delta 4.4). So that step is asked for by
itself: `ParameterHandler`, in spark-catalyst, puts literals in the place of markers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.sql import SparkSession


def bind(session: SparkSession, sql: str, values: Mapping[str, str]) -> str:
    """A statement with its `:name` markers replaced; all values are strings.

    Values that it does not ask for do no harm. A marker without a value stays, and is refused when
    the statement is run.

    Raises:
        PySparkException: Spark's parser refuses the statement.
    """
    jvm: Any = session._jvm
    spark = jvm.org.apache.spark.sql
    literals = jvm.java.util.HashMap()
    for name, value in values.items():
        literal = spark.catalyst.expressions.Literal.create(value, spark.types.DataTypes.StringType)
        literals.put(name, literal)
    entries = jvm.scala.jdk.javaapi.CollectionConverters.asScala(literals)
    immutable = getattr(getattr(jvm.scala.collection.immutable, "Map$"), "MODULE$")
    handler = spark.catalyst.parser.ParameterHandler
    # the first of a pair: the text; the second tells where each part of it came from
    bound: str = handler.substituteNamedParameters(sql, getattr(immutable, "from")(entries))._1()
    return bound
