-- The schema that dbt builds in, a volume for the artifacts of its runs, and who may read.
-- Parameters: catalog, target_schema, volume, readers. Said again, every statement changes nothing.
-- No parameter becomes part of a statement as text: names go through IDENTIFIER, and the one that
-- cannot (whom to grant to) is quoted.

CREATE SCHEMA IF NOT EXISTS IDENTIFIER(:catalog || '.' || :target_schema);

CREATE VOLUME IF NOT EXISTS IDENTIFIER(:catalog || '.' || :target_schema || '.' || :volume);

DECLARE OR REPLACE VARIABLE grant_reading STRING;

SET VARIABLE grant_reading = (
  SELECT
    'GRANT USE SCHEMA, SELECT ON SCHEMA `' || replace(:catalog, '`', '``') || '`.`'
    || replace(:target_schema, '`', '``') || '` TO `' || replace(:readers, '`', '``') || '`'
);

EXECUTE IMMEDIATE grant_reading;
