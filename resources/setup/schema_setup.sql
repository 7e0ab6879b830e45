-- The schema that dbt builds in, a volume for the artifacts of its runs, and who may read.
-- Parameters: catalog, target_schema, volume, readers. Said again, every statement changes nothing.
-- Names come as parameters, so they are quoted here and never become part of a statement as text.

DECLARE OR REPLACE VARIABLE place STRING
  DEFAULT concat('`', replace(:catalog, '`', '``'), '`.`', replace(:target_schema, '`', '``'), '`');

DECLARE OR REPLACE VARIABLE readers STRING DEFAULT concat('`', replace(:readers, '`', '``'), '`');

DECLARE OR REPLACE VARIABLE statement STRING;

SET VARIABLE statement = concat('CREATE SCHEMA IF NOT EXISTS ', place);
EXECUTE IMMEDIATE statement;

SET VARIABLE statement = concat(
  'CREATE VOLUME IF NOT EXISTS ', place, '.`', replace(:volume, '`', '``'), '`'
);
EXECUTE IMMEDIATE statement;

SET VARIABLE statement = concat('GRANT USE SCHEMA, SELECT ON SCHEMA ', place, ' TO ', readers);
EXECUTE IMMEDIATE statement;
