-- One row for each refresh that went through: its job run, and when. What reads the marts can look
-- here for how old they are. Parameters: catalog, target_schema, refresh_run.

CREATE TABLE IF NOT EXISTS
  IDENTIFIER('`' || :catalog || '`.`' || :target_schema || '`.refresh_log')
(
  refresh_run STRING COMMENT 'id of the job run that refreshed',
  refreshed_at TIMESTAMP COMMENT 'when its last step ended'
);

MERGE INTO IDENTIFIER('`' || :catalog || '`.`' || :target_schema || '`.refresh_log') AS known
USING (SELECT :refresh_run AS refresh_run) AS this ON known.refresh_run = this.refresh_run
WHEN MATCHED THEN UPDATE SET known.refreshed_at = current_timestamp()
WHEN NOT MATCHED THEN INSERT (refresh_run, refreshed_at)
  VALUES (this.refresh_run, current_timestamp());
