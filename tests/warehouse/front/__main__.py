"""Start a front: `python -m front FOLDER JARS`; one JSON line on standard output says where.

It ends when its standard input does, so it never outlives the process that started it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

from front.server import Front, make
from front.service import Service
from front.spark import Spark
from front.statements import Statements
from front.workspace import Tokens, Warehouse, Workspace

CATALOGS = ("main", "samples")


def main() -> None:
    """Serve until standard input ends."""
    folder, jars = Path(sys.argv[1]), sorted(Path(sys.argv[2]).glob("*.jar"))
    token, client_secret = os.environ["BENCH_TOKEN"], os.environ["BENCH_CLIENT_SECRET"]
    spark = Spark(jars, folder, CATALOGS)
    statements = Statements()
    warehouse = Warehouse("bench0000warehouse", "Bench Warehouse")
    workspace = Workspace(spark, Tokens(token, client_secret), warehouse)
    front = Front(Service(spark, CATALOGS, statements), workspace, statements)
    server = make(front, folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    print(json.dumps({"port": port, "warehouse_id": warehouse.id}), flush=True)
    sys.stdin.read()
    server.shutdown()
    os._exit(0)


if __name__ == "__main__":
    main()
