"""The tests' own way to run a notebook does what Databricks documents."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

import notebooks

if TYPE_CHECKING:
    from pathlib import Path


def run(folder: Path, *cells: str, **parameters: str) -> str | None:
    """Run a notebook of these cells."""
    file = folder / "notebook.py"
    file.write_text(notebooks.HEADER + f"\n\n{notebooks.SEPARATOR}\n\n".join(cells) + "\n")
    return notebooks.run(file, parameters)


def test_cells_share_a_namespace_and_exit_ends_it(tmp_path: Path) -> None:
    """What a cell defines the next one knows, and nothing runs after the exit."""
    cells = ("# MAGIC %md\n# MAGIC # title", "a = 1", "dbutils.notebook.exit(str(a + 1))", "1 / 0")
    assert run(tmp_path, *cells) == "2"
    assert run(tmp_path, "a = 1") is None


def test_parameters_come_before_defaults(tmp_path: Path) -> None:
    """A job's parameter replaces the default of a widget, or is there without one."""
    define = "w = dbutils.widgets\nw.text('a', '1')\nw.dropdown('b', 'x', ['x', 'y'])"
    tell = "dbutils.notebook.exit(w.get('a') + w.get('b') + w.get('c'))"
    assert run(tmp_path, define, tell, b="y", c="z") == "1yz"
    with pytest.raises(ValueError, match="'z' is no choice of the widget b"):
        run(tmp_path, define, b="z")
    with pytest.raises(KeyError):
        run(tmp_path, define, tell)


@pytest.mark.parametrize(
    ("magic", "fails"), [("%sh -e", True), ("%sh", False)], ids=["with-e", "without"]
)
def test_shell_cell_fails_only_with_e(tmp_path: Path, magic: str, fails: bool) -> None:
    """A shell cell without `-e` never fails a notebook; with it, the first failure does."""
    cells = (f"# MAGIC {magic}\n# MAGIC exit 3", "dbutils.notebook.exit('went on')")
    if fails:
        with pytest.raises(subprocess.CalledProcessError, match="status 3"):
            run(tmp_path, *cells)
    else:
        assert run(tmp_path, *cells) == "went on"


@pytest.mark.parametrize("cell", ["# MAGIC %sql\n# MAGIC select 1", "# MAGIC %pip install x"])
def test_other_magics_are_not_there(tmp_path: Path, cell: str) -> None:
    """What this does not know, it does not pass over."""
    with pytest.raises(NotImplementedError):
        run(tmp_path, cell)


def test_half_a_magic_is_refused(tmp_path: Path) -> None:
    """A cell is Python or a magic; a line that lost its mark would vanish."""
    with pytest.raises(ValueError, match="either Python or a magic"):
        run(tmp_path, "# MAGIC %sh -e\ntrue")
