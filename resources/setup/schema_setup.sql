-- The schema that dbt builds in, its volumes (for the artifacts of runs, for files that arrive), and who
-- may read. Parameters: catalog, schema, volume, landing_volume, readers. Run again, it changes nothing.
-- No parameter becomes part of a statement as it is: names go through IDENTIFIER, which takes nothing
-- else, and in the one place that it cannot be used, they are quoted.

CREATE SCHEMA IF NOT EXISTS IDENTIFIER('`' || :catalog || '`.`' || :schema || '`');

CREATE VOLUME IF NOT EXISTS
  IDENTIFIER('`' || :catalog || '`.`' || :schema || '`.`' || :volume || '`');

CREATE VOLUME IF NOT EXISTS
  IDENTIFIER('`' || :catalog || '`.`' || :schema || '`.`' || :landing_volume || '`');

DECLARE OR REPLACE VARIABLE grant_reading STRING;

SET VARIABLE grant_reading = (
  SELECT
    'GRANT USE SCHEMA, SELECT ON SCHEMA `' || replace(:catalog, '`', '``') || '`.`'
    || replace(:schema, '`', '``') || '` TO `' || replace(:readers, '`', '``') || '`'
);

EXECUTE IMMEDIATE grant_reading;
