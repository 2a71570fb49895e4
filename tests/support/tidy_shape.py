"""Tidy rules about form: lengths, docstrings, messages, handlers, mirrored tests, leftovers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.support.tidy_source import Source

__all__ = [
    "LINE_MAX",
    "docstring_is_a_sentence",
    "files_are_short",
    "functions_are_short",
    "handlers_are_plain",
    "lines_are_short",
    "messages_are_frozen",
    "no_leftovers",
    "no_machine_paths",
    "silenced_checks_say_why",
    "tests_mirror",
]

FILE_MAX = 400
FUNCTION_MAX = 70
LINE_MAX = 100

MESSAGE_BASES = {"Command", "Event", "Signal"}
# Written with classes so that the patterns do not find themselves.
LEFTOVER = re.compile(r"\b(T[O]DO|F[I]XME|X[X]X)\b")
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:w[o]rk|r[o]ot|h[o]me|t[m]p)/[\w.]")
SILENCED = re.compile(
    r"#\s*(?:type:\s*i[g]nore|n[o]qa)"
    r"(?P<code>\[[\w, -]+\]|:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)?"
)


def files_are_short(source: Source) -> Iterator[str]:
    """One concept a file."""
    if len(source.lines) > FILE_MAX:
        yield f"{source.path}: {len(source.lines)} lines, at most {FILE_MAX}; split by concept"


def functions_are_short(source: Source) -> Iterator[str]:
    """A function fits on a screen."""
    for function in source.functions():
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        if length > FUNCTION_MAX:
            where = f"{source.path}:{function.lineno}"
            yield f"{where}: {function.name} has {length} lines, at most {FUNCTION_MAX}"


SILENCER = re.compile(r"\s+# (?:type: ignore|noqa)")


def lines_are_short(source: Source) -> Iterator[str]:
    """Two files fit side by side; a silenced check and its reason may stand beyond."""
    for number, line in enumerate(source.lines, 1):
        length = len(SILENCER.split(line)[0])
        if length > LINE_MAX:
            yield f"{source.path}:{number}: {length} columns, at most {LINE_MAX}"


def docstring_is_a_sentence(source: Source) -> Iterator[str]:
    """The first line of a module says in one sentence what it is for."""
    text = ast.get_docstring(source.tree)
    if not text:
        yield f"{source.path}: no module docstring"
    elif not text.splitlines()[0].endswith("."):
        yield f"{source.path}: the docstring's first line is not one whole sentence"


def messages_are_frozen(source: Source) -> Iterator[str]:
    """A message is a frozen struct outside the garbage collector's care, and says so itself."""
    if not source.shipped:
        return
    for node in source.classes():
        bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
        if bases & MESSAGE_BASES:
            said = {k.arg: getattr(k.value, "value", None) for k in node.keywords}
            if said.get("frozen") is not True or said.get("gc") is not False:
                yield f"{source.path}:{node.lineno}: {node.name} needs frozen=True, gc=False"


def handlers_are_plain(source: Source) -> Iterator[str]:
    """Handlers of actors run to completion: no coroutine, no generator."""
    for node in source.classes():
        if not any(_is_actor(base) for base in node.bases):
            continue
        for method in node.body:
            if isinstance(method, ast.AsyncFunctionDef):
                yield f"{source.path}:{method.lineno}: {method.name} of an actor is a coroutine"
            elif isinstance(method, ast.FunctionDef) and _is_handler(method):
                if any(isinstance(part, ast.Yield | ast.YieldFrom) for part in ast.walk(method)):
                    yield f"{source.path}:{method.lineno}: handler {method.name} never runs"


def tests_mirror(source: Source, paths: frozenset[str]) -> Iterator[str]:
    """Every source file has its test file in the same place under `tests/`."""
    if not source.shipped or source.path.endswith("__init__.py"):
        return
    folder, _, name = source.path.rpartition("/")
    expected = f"tests/{folder}/test_{name}"
    if expected not in paths:
        yield f"{source.path}: has no {expected}"


def no_leftovers(source: Source) -> Iterator[str]:
    """What is not done is not in the tree; it is an issue."""
    for number, line in enumerate(source.lines, 1):
        if LEFTOVER.search(line):
            yield f"{source.path}:{number}: leftover note; do it or open an issue"


def no_machine_paths(path: str, text: str) -> Iterator[str]:
    """Nothing in the tree knows the machine it was written on."""
    for number, line in enumerate(text.splitlines(), 1):
        if MACHINE_PATH.search(line):
            yield f"{path}:{number}: a path of one machine"


def silenced_checks_say_why(source: Source) -> Iterator[str]:
    """A silenced checker names the rule and gives its reason on the same line."""
    for number, line in enumerate(source.lines, 1):
        match = SILENCED.search(line)
        if match and (not match["code"] or len(line[match.end() :].strip(" #")) == 0):
            yield f"{source.path}:{number}: silenced without naming rule and reason"


def _is_actor(base: ast.expr) -> bool:
    named = base.value if isinstance(base, ast.Subscript) else base
    return isinstance(named, ast.Name) and named.id == "Actor"


def _is_handler(method: ast.FunctionDef) -> bool:
    if method.name == "on_batch_end":
        return True
    return any(
        isinstance(mark, ast.Call) and getattr(mark.func, "id", "") == "handles"
        for mark in method.decorator_list
    )
