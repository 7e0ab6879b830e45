"""Compiles dbt's templates so that each step on a value is told to the rules.

The tree that Jinja parsed is rewritten before code is made of it: a comparison becomes a call that
compares, and so on. Parts that are constant stay as they are, since Jinja folds them, and folding
shows in what dbt's native templates yield. Calls, attributes and items go through the environment
anyway, since dbt's is a sandbox (`MacroFuzzEnvironment` of dbt_common/clients/jinja.py, 1.38).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, count
from typing import Any

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from dbt_runner.engine.baking.marks import plain
from dbt_runner.engine.baking.origins import held
from dbt_runner.engine.baking.rules import Rules
from dbt_runner.engine.baking.spelling import spelled
from dbt_runner.engine.baking.watch import Watch
from dbt_runner.engine.baking.writing import Free, only_writes

_BINARY = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow)


@contextmanager
def installed(watch: Watch) -> Iterator[None]:
    """Follow every template of dbt that is compiled from now on."""
    from dbt_common.clients.jinja import MacroFuzzEnvironment as Environment

    rules = Rules(watch)
    generate, call = Environment._generate, Environment.call  # noqa: SLF001 - no public hook
    get_attribute, get_item = Environment.getattr, Environment.getitem
    filters, tests = _Table(rules.filter), _Table(rules.test)

    def generate_followed(self: Any, source: nodes.Template, *args: Any, **kwargs: Any) -> Any:
        filters.follow(self.filters)
        tests.follow(self.tests)
        self.filters["watch_end"] = rules.end_block
        self.filters["watch_out"] = rules.emit
        return generate(self, _Rewriting(self, source).visit(source), *args, **kwargs)

    def call_followed(self: Any, context: Any, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        def go(*, unmarked: bool = False) -> Any:
            if unmarked:
                return call(self, context, function, *plain(list(args)), **plain(kwargs))
            return call(self, context, function, *args, **kwargs)

        made_of = (args, kwargs, getattr(function, "__self__", None))
        return held(rules.call(context, function, args, kwargs, go), made_of)

    def attribute_followed(self: Any, of: Any, name: str) -> Any:
        return rules.attribute(of, name, get_attribute(self, of, name))

    def item_followed(self: Any, of: Any, key: Any) -> Any:
        rules.key(of, key)
        return rules.item(of, key, get_item(self, of, key))

    changes = {
        "_generate": generate_followed,
        "call": call_followed,
        "getattr": attribute_followed,
        "getitem": item_followed,
        **{name: staticmethod(step) for name, step in rules.steps().items()},
    }
    for name, change in changes.items():
        setattr(Environment, name, change)
    try:
        yield
    finally:
        for name in changes:
            delattr(Environment, name)


class _Table:
    """Puts functions in the place of filters or tests, which tell what they are applied to."""

    def __init__(self, told: Callable[..., Any]) -> None:
        self._told = told
        self._followed: dict[tuple[str, Any], Any] = {}
        self._own: set[Any] = set()

    def follow(self, table: dict[str, Any]) -> None:
        """Exchange all functions of an environment; each environment has a table of its own."""
        for name, function in table.items():
            if function in self._own:
                continue
            if (name, function) not in self._followed:
                self._followed[name, function] = self._step(name, function)
                self._own.add(self._followed[name, function])
            table[name] = self._followed[name, function]

    def _step(self, name: str, function: Any) -> Any:
        def step(*args: Any, **kwargs: Any) -> Any:
            values = args[1:] if pass_arg is not None else args

            def go(*, unmarked: bool = False) -> Any:
                if unmarked:
                    first = args[: len(args) - len(values)]
                    return function(*first, *plain(list(values)), **plain(kwargs))
                return function(*args, **kwargs)

            return held(self._told(name, values, kwargs, go), (values, kwargs))

        # says whether Jinja hands over the context or environment as well
        pass_arg = getattr(function, "jinja_pass_arg", None)
        if pass_arg is not None:
            step.jinja_pass_arg = pass_arg  # type: ignore[attr-defined]
        return step


class _Rewriting(NodeTransformer):
    def __init__(self, environment: Any, source: nodes.Template) -> None:
        self._set = {name.name for name in source.find_all(nodes.Name) if name.ctx == "store"}
        self._context = nodes.EvalContext(environment)
        self._numbers = count()
        self._branches: set[nodes.If] = set()

    def visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> Any:
        if isinstance(node, nodes.Expr) and self._is_constant(node):
            return node
        if isinstance(node, nodes.Output) and len(parts := self._parts(node)) > 1:
            return [made for part in parts for made in _listed(self.visit(part))]
        free = None if node in self._branches else only_writes(node, self._set)
        if isinstance(node, nodes.If):
            self._branches.update(node.elif_)
        rewritten = self.generic_visit(node, *args, **kwargs)
        rewrite = getattr(self, f"_rewrite_{type(node).__name__}", None)
        if rewrite is None and isinstance(node, _BINARY):
            rewrite = self._rewrite_binary
        rewritten = rewrite(rewritten) if rewrite else rewritten
        if free is None:
            return rewritten
        return [self._begin(node, free), *_listed(rewritten), _do("end_of", node)]

    def _parts(self, node: nodes.Output) -> list[nodes.Output]:
        """An output for each value that it writes, which is judged by itself."""
        parts: list[list[nodes.Expr]] = [[]]
        for child in node.nodes:
            parts[-1].append(child)
            if not self._is_constant(child):
                parts.append([])
        line = {"lineno": node.lineno, "environment": node.environment}
        return [nodes.Output(part, **line) for part in parts if part]

    def _begin(self, node: nodes.Node, free: Free) -> nodes.ExprStmt:
        line = {"lineno": node.lineno, "environment": node.environment}
        names = [nodes.Name(name, "load", **line) for name in free.names]
        called, held = (tuple(sorted(some)) for some in (free.called, free.held))
        return _do("begin", node, tuple(free.names), called, held, *names)

    def _is_constant(self, node: nodes.Expr) -> bool:
        try:
            node.as_const(self._context)
        except Exception:  # noqa: BLE001 - whatever Jinja does not fold, it leaves to run time
            return False
        return True

    def _rewrite_Compare(self, node: nodes.Compare) -> nodes.Expr:  # noqa: N802
        text = spelled(node)
        if len(node.ops) == 1:
            operand = node.ops[0]
            return _step("compare", node, text, operand.op, node.expr, operand.expr)
        node.expr = _step("look", node, text, node.expr)
        for operand in node.ops:
            operand.expr = _step("look", node, text, operand.expr)
        return node

    def _rewrite_binary(self, node: nodes.BinExpr) -> nodes.Expr:
        return _step("binary", node, node.operator, node.left, node.right)

    def _rewrite_Neg(self, node: nodes.Neg) -> nodes.Expr:  # noqa: N802
        return _step("negative", node, node.node)

    def _rewrite_Pos(self, node: nodes.Pos) -> nodes.Expr:  # noqa: N802
        return _step("positive", node, node.node)

    def _rewrite_Concat(self, node: nodes.Concat) -> nodes.Expr:  # noqa: N802
        return _step("concat", node, *node.nodes)

    def _rewrite_Getitem(self, node: nodes.Getitem) -> nodes.Expr:  # noqa: N802
        if not isinstance(node.arg, nodes.Slice):
            return node
        bounds = (node.arg.start, node.arg.stop, node.arg.step)
        ends = [nodes.Const(None) if end is None else end for end in bounds]
        return _step("slice", node, node.node, *ends)

    def _rewrite_Dict(self, node: nodes.Dict) -> nodes.Expr:  # noqa: N802
        if all(isinstance(pair.key, nodes.Const) for pair in node.items):
            return node
        pairs = ((pair.key, pair.value) for pair in node.items)
        return _step("mapping", node, *chain.from_iterable(pairs))

    def _rewrite_Block(self, node: nodes.Block) -> nodes.Block:  # noqa: N802
        node.body.insert(0, _do("block", node, node.name))
        return node

    def _rewrite_For(self, node: nodes.For) -> nodes.For:  # noqa: N802
        each = "rows" if isinstance(node.target, nodes.Tuple) else "each"
        node.iter = _step(each, node, spelled(node.iter), node.iter)
        return node

    def _rewrite_Assign(self, node: nodes.Assign) -> nodes.Assign:  # noqa: N802
        if isinstance(node.target, nodes.Tuple):
            node.node = _step("each", node, spelled(node.node), node.node)
        return node

    def _rewrite_Call(self, node: nodes.Call) -> nodes.Call:  # noqa: N802
        if node.dyn_args is not None:
            node.dyn_args = _step("each", node, spelled(node.dyn_args), node.dyn_args)
        if node.dyn_kwargs is not None:
            node.dyn_kwargs = _step("rest", node, node.dyn_kwargs)
        return node

    def _rewrite_Output(self, node: nodes.Output) -> nodes.Output:  # noqa: N802
        for number, child in enumerate(node.nodes):
            if not isinstance(child, nodes.TemplateData) and not self._is_constant(child):
                node.nodes[number] = _step("emit", child, child)
        return node

    def _rewrite_AssignBlock(self, node: nodes.AssignBlock) -> list[nodes.Node]:  # noqa: N802
        begin, node.filter = self._counted(node, node.filter)
        return [begin, node]

    def _rewrite_FilterBlock(self, node: nodes.FilterBlock) -> list[nodes.Node]:  # noqa: N802
        begin, inner = self._counted(node, node.filter)
        node.filter = nodes.Filter(
            inner, "watch_out", [], [], None, None, lineno=node.lineno, environment=node.environment
        )
        return [begin, node]

    def _counted(self, node: nodes.Node, chain: Any) -> tuple[nodes.Node, nodes.Filter]:
        """Count what is emitted within a block, and mark its text if anything derived was."""
        name = f"_watch_{next(self._numbers)}"
        line = {"lineno": node.lineno, "environment": node.environment}
        begin = nodes.Assign(nodes.Name(name, "store", **line), _step("count", node), **line)
        since = nodes.Name(name, "load", **line)
        end = nodes.Filter(None, "watch_end", [since], [], None, None, **line)
        if chain is None:
            return begin, end
        inner = chain
        while inner.node is not None:
            inner = inner.node
        inner.node = end
        return begin, chain


def _listed(made: Any) -> list[Any]:
    return made if isinstance(made, list) else [made]


def _do(step: str, at: nodes.Node, *args: Any) -> nodes.ExprStmt:
    line = {"lineno": at.lineno, "environment": at.environment}
    return nodes.ExprStmt(_step(step, at, *args), **line)


def _step(step: str, at: nodes.Node, *args: Any) -> nodes.Call:
    line = {"lineno": at.lineno, "environment": at.environment}
    values = [arg if isinstance(arg, nodes.Node) else nodes.Const(arg, **line) for arg in args]
    function = nodes.EnvironmentAttribute(f"watch_{step}", **line)
    return nodes.Call(function, values, [], None, None, **line)
