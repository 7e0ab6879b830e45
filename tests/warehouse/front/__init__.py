"""A SQL warehouse for tests: the connector's own Thrift service before Apache Spark with Delta."""
