"""What a naming macro looks at of a node, told from its text."""

from __future__ import annotations

from typing import Any

Path = tuple[str, ...]
"""Names of attributes from the node on; with `config`, the second is a setting's name."""

_HIDDEN = frozenset({"varargs", "kwargs", "caller", "context"})
"""Names by which a macro may get at an argument that it does not name."""


def reads(text: str, carrying: str | None = None) -> frozenset[Path] | None:
    """The attributes that a macro reads of its arguments after the first, which is the custom name.

    Args:
        text: the macro's source.
        carrying: a macro that looks at its first argument only; what else it is given, it ignores.

    Returns:
        `None` if it cannot be told, as where a node is handed on whole.
    """
    from dbt_common.clients.jinja import get_environment
    from jinja2 import nodes

    macro = get_environment(None, capture_macros=True).parse(text).find(nodes.Macro)
    if macro is None:
        return None
    followed = {argument.name for argument in macro.args[1:]} | _HIDDEN
    found: set[Path] = set()

    def visit(node: Any) -> bool:
        """Whether all that is read within is told."""
        path = _path(node, followed)
        if path in {(), ("config",)}:
            return False
        if path:
            found.add(path)
            return True
        if isinstance(node, nodes.Test) and node.name in {"none", "defined"}:
            # a node is always there
            return _path(node.node, followed) == () or visit(node.node)
        if isinstance(node, nodes.Call) and carrying and _called(node) == carrying and node.args:
            return visit(node.args[0])
        if isinstance(node, nodes.Name) and node.ctx == "store" and node.name in followed:
            return False
        return all(visit(child) for child in node.iter_child_nodes())

    told = all(visit(child) for child in (*macro.defaults, *macro.body))
    return frozenset(found) if told else None


def values(node: Any, paths: frozenset[Path]) -> tuple[str, ...]:
    """What these attributes are for a node; equal for nodes that a macro cannot tell apart."""
    return tuple(repr(_value(node, path)) for path in sorted(paths))


def _value(node: Any, path: Path) -> Any:
    if path[0] != "config":
        return getattr(node, path[0], None)
    fields = vars(node.config)
    found = fields.get(path[1])
    return found if found is not None else fields.get("_extra", {}).get(path[1])


def _path(node: Any, followed: set[str]) -> Path | None:
    """The attribute of a followed name that an expression is, or begins with; else `None`."""
    from jinja2 import nodes

    if isinstance(node, nodes.Name):
        return () if node.name in followed and node.ctx == "load" else None
    if isinstance(node, nodes.Call):
        return _setting(node, followed)
    if not isinstance(node, nodes.Getattr):
        return None
    outer = _path(node.node, followed)
    if outer == ("config",):
        return None if node.attr == "get" else ("config", node.attr)
    return (node.attr,) if outer == () else outer


def _setting(call: Any, followed: set[str]) -> Path | None:
    """The setting that `node.config.get("name")` gives."""
    from jinja2 import nodes

    match call:
        case nodes.Call(
            node=nodes.Getattr(node=config, attr="get"), args=[nodes.Const(value=str(name))]
        ) if _path(config, followed) == ("config",):
            return ("config", name)
    return None


def _called(node: Any) -> str | None:
    name = getattr(node.node, "name", None) or getattr(node.node, "attr", None)
    return name if isinstance(name, str) else None
