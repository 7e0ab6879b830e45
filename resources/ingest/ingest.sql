-- Files that arrive in the landing folder, as rows; each file once. An example: put yours here.
CREATE OR REFRESH STREAMING TABLE arrived_files
COMMENT 'JSON files of the landing folder, as they came'
AS SELECT *, _metadata.file_path AS file_path, current_timestamp() AS ingested_at
FROM STREAM read_files('${landing}', format => 'json');
