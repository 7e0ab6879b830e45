"""What a selection of nodes is made of."""

from __future__ import annotations

import pytest

from dbt_runner import selection


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        pytest.param(None, False, id="not-set"),
        pytest.param("a", False, id="name"),
        pytest.param("state", False, id="node-named-like-a-method"),
        pytest.param("tag:state", False, id="tag-named-like-a-method"),
        pytest.param("state:modified", True, id="state"),
        pytest.param("state:modified.body", True, id="part-of-it"),
        pytest.param("@state:new", True, id="at"),
        pytest.param("3+state:new+", True, id="operators"),
        pytest.param("a,result:error", True, id="intersection"),
        pytest.param("a source_status:fresher", True, id="union"),
    ],
)
def test_selection_that_compares(text: str | None, needs: bool) -> None:
    """Criteria of an earlier run are found behind operators too."""
    assert selection.needs_state(text) is needs


@pytest.mark.parametrize("name", ["nightly", "_a.b-c", "A1"])
def test_selector_name(name: str) -> None:
    """A selector of selectors.yml has a plain name."""
    assert selection.selector_name(name) == name


@pytest.mark.parametrize("name", ["", "a b", "--x", "1a", "ä", "a/b", "a\n"])
def test_other_selector_name_is_refused(name: str) -> None:
    """Another form is no name of a selector."""
    with pytest.raises(ValueError, match=r"selectors\.yml"):
        selection.selector_name(name)
