"""Tidy rules about what code may do: determinism, coroutines, prints, who mints a grant."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from tests.support.tidy_source import Source

__all__ = [
    "coroutines_at_the_edge",
    "deterministic_calls",
    "minted_in_one_place",
    "no_prints",
    "no_set_iteration",
    "no_skipped_tests",
]

SIMULATED = (
    "engine/decisions/",
    "engine/intelligence/",
    "engine/kernels/",
    "engine/messages/",
    "engine/model/",
    "engine/ports.py",
    "engine/runtime/",
    "actors/",
    "venues/",
)
REAL = ("engine/runtime/live_driver.py", "venues/http.py", "venues/websocket.py")
COROUTINES = (*REAL, "engine/client/", "engine/service/")

BANNED = re.compile(
    r"time\..*|random\..*|secrets\..*|numpy\.random\..*|os\.urandom|os\.getpid"
    r"|uuid\.uuid[14]|datetime\.datetime\.(now|utcnow|today)|datetime\.date\.today"
)
HARMLESS_AS_TYPES = {"random.Random", "numpy.random.Generator"}
BANNED_BUILTINS = {"id", "hash"}
ORDER_FREE = {"all", "any", "frozenset", "len", "max", "min", "set", "sorted", "sum"}
ORDERED = {"enumerate", "iter", "list", "map", "tuple", "zip"}
SET_TYPES = {"set", "frozenset", "Set", "AbstractSet", "MutableSet"}

# What may be constructed where; tests may build anything.
MINTS: Mapping[str, tuple[str, ...]] = {
    "Grant": ("engine/decisions/risk.py", "engine/model/orders.py"),
    "ApprovedOrder": ("actors/router.py",),
}


def deterministic_calls(source: Source) -> Iterator[str]:
    """No clock, no unseeded randomness, no address or hash order on the simulated floors."""
    if not source.under(*SIMULATED) or source.under(*REAL):
        return
    called = {id(node.func) for node in ast.walk(source.tree) if isinstance(node, ast.Call)}
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Name | ast.Attribute) or source.excused(node):
            continue
        origin = source.origin(node)
        if BANNED.fullmatch(origin):
            if origin not in HARMLESS_AS_TYPES or id(node) in called:
                yield f"{source.path}:{node.lineno}: {origin} breaks the simulation"
        elif isinstance(node, ast.Name) and node.id in BANNED_BUILTINS and id(node) in called:
            yield f"{source.path}:{node.lineno}: {node.id}() differs from run to run"


def no_set_iteration(source: Source) -> Iterator[str]:
    """No order is drawn from a set on the simulated floors; `sorted` gives one."""
    if not source.under(*SIMULATED) or source.under(*REAL):
        return
    members = _set_members(source.tree)
    for scope in [source.tree, *source.functions()]:
        names = _set_names(scope)
        for node in _own_nodes(scope):
            for drawn in _drawn_from(node):
                if _is_set(drawn, names, members) and not source.excused(drawn):
                    yield f"{source.path}:{drawn.lineno}: order drawn from a set; sort it"


def coroutines_at_the_edge(source: Source) -> Iterator[str]:
    """Coroutines exist in real links, the live driver and the roof only."""
    if not source.shipped or source.under(*COROUTINES):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.AsyncFunctionDef):
            yield f"{source.path}:{node.lineno}: {node.name} is a coroutine; answer by message"


def minted_in_one_place(source: Source) -> Iterator[str]:
    """Grants and approved orders are made where the risk of it is known, nowhere else."""
    if source.under("tests/"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            made = node.func
            name = made.attr if isinstance(made, ast.Attribute) else getattr(made, "id", "")
            if name in MINTS and not source.under(*MINTS[name]):
                yield f"{source.path}:{node.lineno}: {name} is made in {MINTS[name][0]} only"


def no_prints(source: Source) -> Iterator[str]:
    """Only commands and benchmark runners print."""
    if source.under("bench/", "engine/service/cli/"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name) and node.id == "print":
            yield f"{source.path}:{node.lineno}: print; return it, record it or raise it"


def no_skipped_tests(source: Source) -> Iterator[str]:
    """No test is skipped or expected to fail, but for absent recordings."""
    if source.path == "tests/conftest.py":
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name | ast.Attribute):
            origin = source.origin(node)
            if re.fullmatch(r"pytest\.(mark\.)?(skip(if)?|xfail|importorskip)", origin):
                yield f"{source.path}:{node.lineno}: {origin}; a test must be able to fail"


def _own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """Nodes of a scope without those of functions nested in it."""
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
            yield from _own_nodes(child)


def _drawn_from(node: ast.AST) -> Iterator[ast.expr]:
    """Expressions whose order `node` takes over."""
    if isinstance(node, ast.For):
        yield node.iter
    elif isinstance(node, ast.ListComp | ast.DictComp):
        yield from (part.iter for part in node.generators)
    elif isinstance(node, ast.Starred):
        yield node.value
    elif isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in ORDERED:
            yield from node.args
        if name not in ORDER_FREE:
            for argument in node.args:
                if isinstance(argument, ast.GeneratorExp):
                    yield from (part.iter for part in argument.generators)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "pop" and not node.args:
            yield node.func.value


def _set_names(scope: ast.AST) -> set[str]:
    """Plain names of a scope that hold a set: arguments, annotations, assignments."""
    names: set[str] = set()
    if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
        given = [*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs]
        names.update(a.arg for a in given if a.annotation and _is_set_type(a.annotation))
    for node in _own_nodes(scope):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            if _is_set_type(node.annotation):
                names.add(node.target.id)
        elif isinstance(node, ast.Assign) and _is_set(node.value, names, set()):
            names.update(t.id for t in node.targets if isinstance(t, ast.Name))
    return names


def _set_members(tree: ast.AST) -> set[str]:
    """Attributes that hold a set somewhere in the file."""
    members: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and _is_set_type(node.annotation):
            if isinstance(node.target, ast.Attribute):
                members.add(node.target.attr)
        elif isinstance(node, ast.Assign) and _is_set(node.value, set(), set()):
            members.update(t.attr for t in node.targets if isinstance(t, ast.Attribute))
        elif isinstance(node, ast.ClassDef):
            for field in node.body:
                if isinstance(field, ast.AnnAssign) and _is_set_type(field.annotation):
                    members.add(getattr(field.target, "id", ""))
    return members


def _is_set(node: ast.expr, names: set[str], members: set[str]) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in {"set", "frozenset"}
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr | ast.Sub):
        return _is_set(node.left, names, members)
    if isinstance(node, ast.Name):
        return node.id in names
    return isinstance(node, ast.Attribute) and node.attr in members


def _is_set_type(annotation: ast.expr) -> bool:
    base = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    name = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
    return name in SET_TYPES
