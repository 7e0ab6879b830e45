"""DuckDB: the embedded engine of the local target, with TPC-H data to build from."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from dbt_runner.errors import BusyError, ProjectError
from dbt_runner.locations import cache_folder
from dbt_runner.warehouse.connection import Connection

RESERVED_CATALOGS = frozenset({"main", "system", "temp"})
"""Names that DuckDB does not give to a file's catalog: it appends `_db` to them."""

SAMPLE_SCHEMA = "tpch"
SAMPLE_TABLES = (
    "customer",
    "lineitem",
    "nation",
    "orders",
    "part",
    "partsupp",
    "region",
    "supplier",
)


def require_extra() -> None:
    """Check that the optional packages of the local target are installed.

    Raises:
        ProjectError: they are not.
    """
    try:
        version("dbt-duckdb")
    except PackageNotFoundError:
        msg = (
            "target: DuckDB is not installed; it comes with the extra local: "
            "pip install 'dbt-runner[local]', or the wheel's file name with [local] behind it"
        )
        raise ProjectError(msg) from None


def connection(
    profile: str, target: str, file: Path, target_schema: str, catalog: str
) -> Connection:
    """Describe a DuckDB file to dbt.

    Args:
        profile, target: names in the profile.
        file: absolute path; DuckDB's catalog has the name of the file without its suffix.
        target_schema: schema to build in.
        catalog: the file's stem.
    """
    output = {
        "type": "duckdb",
        "path": str(file),
        "schema": target_schema,
        # nothing is fetched from the network at run time
        "config_options": {"autoinstall_known_extensions": False},
    }
    return Connection(profile, target, catalog, target_schema, output=output)


def prepare_file(file: Path) -> None:
    """Create the database file, and find out at once whether another process holds it.

    Raises:
        BusyError: another process holds the file.
        ProjectError: it cannot be made.
    """
    _execute(file, [])


def offer_samples(file: Path, scale: float, cancelled: Callable[[], bool]) -> None:
    """Offer the TPC-H tables in a database file, as views over generated Parquet files.

    The views have to be there before dbt starts, since dbt reads the columns of a source's
    relation for unit tests; and they keep machine paths out of dbt's manifest.

    Args:
        file: absolute path of the database file, made if it is missing.
        scale: TPC-H scale factor; 1 is about 1 GB of raw data.
        cancelled: asked while the data is generated.

    Raises:
        BusyError: another process holds the database file.
        ProjectError: the data or the file cannot be made.
    """
    folder = sample_folder(scale, cancelled)
    schema = f'"{file.stem}".{SAMPLE_SCHEMA}'
    statements = [f"create schema if not exists {schema}"]
    for table in SAMPLE_TABLES:
        path = str(folder / f"{table}.parquet").replace("'", "''")
        statements.append(
            f"create or replace view {schema}.{table} as select * from read_parquet('{path}')"  # noqa: S608 - our own names
        )
    _execute(file, statements)


def has_samples(scale: float) -> bool:
    """Whether the TPC-H data of a scale is there already."""
    return _sample_place(scale).is_dir()


def sample_folder(scale: float, cancelled: Callable[[], bool]) -> Path:
    """The folder with the generated TPC-H data of a scale, made on first use.

    Raises:
        ProjectError: the generator is not installed or fails.
    """
    folder = _sample_place(scale)
    if folder.is_dir():
        return folder
    generator = _generator()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))
    except OSError as error:
        msg = f"sample_scale: no TPC-H data can be kept in {folder.parent}: {error.strerror}"
        raise ProjectError(msg) from error
    try:
        _generate(generator, scale, draft, cancelled)
        if not cancelled():
            try:
                draft.rename(folder)
            except OSError:
                # another run was faster
                if not folder.is_dir():
                    raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _sample_place(scale: float) -> Path:
    folder = cache_folder()
    if folder is None:
        msg = "sample_scale: there is no folder of one's own for the data; set XDG_CACHE_HOME"
        raise ProjectError(msg)
    return folder / "tpch" / f"scale-{scale:g}"


def _generate(generator: str, scale: float, folder: Path, cancelled: Callable[[], bool]) -> None:
    words = [generator, "parquet", "--scale-factor", f"{scale:g}", "--output-dir", str(folder)]
    errors = b""
    with subprocess.Popen(  # noqa: S603 - our own words
        words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        while process.returncode is None:
            try:
                _, errors = process.communicate(timeout=0.1)
            except subprocess.TimeoutExpired:
                if cancelled():
                    process.kill()
                    return
    if process.returncode:
        reason = " ".join(errors.decode(errors="replace").split()) or process.returncode
        msg = f"sample_scale: generating TPC-H at scale {scale:g} failed: {reason}"
        raise ProjectError(msg)


def _generator() -> str:
    path = shutil.which("tpchgen-cli", path=sysconfig.get_path("scripts")) or shutil.which(
        "tpchgen-cli"
    )
    if not path:
        msg = "sample_scale: tpchgen-cli is not installed; pip install 'dbt-runner[local]'"
        raise ProjectError(msg)
    return path


def _execute(file: Path, statements: list[str]) -> None:
    import duckdb

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(str(file)) as database:
            for statement in statements:
                database.execute(statement)
    except (duckdb.Error, OSError) as error:
        if is_busy(str(error)):
            msg = f"{file} is in use by another process; wait for it to end, or use another catalog"
            raise BusyError(msg) from error
        msg = f"artifacts: the DuckDB file {file} cannot be used: {' '.join(str(error).split())}"
        raise ProjectError(msg) from error


def is_busy(message: str) -> bool:
    """Whether an error of DuckDB means that another process holds the file."""
    return "Could not set lock on file" in message
