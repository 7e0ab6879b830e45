# Databricks notebook source
# MAGIC %md
# MAGIC # dbt in a shell cell (pattern P1)
# MAGIC
# MAGIC For development and tests: pick a run type, choose some nodes, look at the output. In
# MAGIC production use the wheel task (pattern P2, `dbt_build_job.yml`): it renews its login, and a
# MAGIC cancelled job ends its queries.
# MAGIC
# MAGIC A job (`dbt_notebook_job.yml`) installs the wheel and fills the widgets. To work by hand,
# MAGIC run this in a cell of its own first: `%pip install /Volumes/…/dbt_runner-….whl`

# COMMAND ----------

# What may be chosen; the defaults are those of a run. Empty means "not set".
dbutils.widgets.dropdown(
    "run_type",
    "incremental",
    [
        "full",
        "incremental",
        "seed",
        "run",
        "snapshot",
        "test",
        "compile",
        "docs",
        "freshness",
        "fresh",
        "ci",
    ],
)
dbutils.widgets.text("target_schema", "")
dbutils.widgets.text("select", "")
dbutils.widgets.text("exclude", "")
dbutils.widgets.text("vars", "{}")
dbutils.widgets.text("target", "databricks")
dbutils.widgets.text("catalog", "")
dbutils.widgets.text("warehouse_id", "")
dbutils.widgets.text("artifacts", "")

# COMMAND ----------

# The values go to the runner in the environment, never into the text of a shell command.
import os
import sys
import tempfile

NAMES = (
    "run_type",
    "target_schema",
    "select",
    "exclude",
    "vars",
    "target",
    "catalog",
    "warehouse_id",
    "artifacts",
)
for name in NAMES:
    value = dbutils.widgets.get(name)
    print(f"{name}: {value!r}")
    os.environ.pop(f"DBT_RUNNER_{name.upper()}", None)
    if value:
        os.environ[f"DBT_RUNNER_{name.upper()}"] = value
# the last cell reads the log as JSON, which is what it is where nobody says otherwise
os.environ.pop("DBT_RUNNER_LOG_FORMAT", None)
os.environ["RUNNER_PYTHON"] = sys.executable
os.environ["RUNNER_FOLDER"] = tempfile.mkdtemp(prefix="dbt-notebook-")

# COMMAND ----------

# A shell cell has no login of its own, so it is handed this notebook's token, which is not renewed.
if os.environ.get("DBT_RUNNER_TARGET", "local") != "local":
    from databricks.sdk import WorkspaceClient

    config = WorkspaceClient().config
    os.environ["DATABRICKS_TOKEN"] = config.authenticate()["Authorization"].partition(" ")[2]
    os.environ["DATABRICKS_HOST"] = config.host
    print(f"logged in at {config.host} by {config.auth_type}")

# COMMAND ----------

# MAGIC %sh -e
# MAGIC set -uo pipefail
# MAGIC # the next cell fails with the runner's own message
# MAGIC status=0
# MAGIC "$RUNNER_PYTHON" -m dbt_runner 2>&1 | tee "$RUNNER_FOLDER/output" || status=$?
# MAGIC echo "$status" > "$RUNNER_FOLDER/status"

# COMMAND ----------

# Ends as the run ended: on success with its summary as the notebook's output.
import json
import shutil
from pathlib import Path

for name in ("DATABRICKS_HOST", "DATABRICKS_TOKEN"):
    os.environ.pop(name, None)
folder = Path(os.environ["RUNNER_FOLDER"])
status = int((folder / "status").read_text())
lines = (folder / "output").read_text(errors="replace").splitlines()
shutil.rmtree(folder)
ends = [json.loads(line) for line in lines if line.startswith('{"event": "run.finished"')]
if status != 0:
    # a run that was refused leaves one line and no summary; one that was killed perhaps nothing
    last = lines[-1] if lines else "no output"
    raise RuntimeError(ends[-1]["message"] if ends else f"exit status {status}: {last}")
dbutils.notebook.exit(json.dumps(ends[-1]) if ends else "")
