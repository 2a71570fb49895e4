"""Tidy rules about imports: floors, siblings, who may use which library, where imports stand."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping

from tests.support.tidy_source import Source

__all__ = [
    "actors_know_no_actors",
    "imports_stand_on_top",
    "layers",
    "libraries_in_their_place",
    "no_relative_imports",
    "only_declared_libraries",
]

GROUND = ("engine.errors",)
FLOORS = (*GROUND, "engine.model", "engine.kernels", "engine.runtime")
ACTORS = (
    *FLOORS,
    "engine.messages",
    "engine.ports",
    "engine.decisions",
    "engine.intelligence",
    # Which of its own kind an actor may know is the next rule's business.
    "actors",
)
EVERYTHING = ("engine", "actors", "venues")

# Which project modules a part may import; the longest name that fits a module is its part.
MAY_IMPORT: Mapping[str, tuple[str, ...]] = {
    "engine": ("engine.errors", "engine.model"),
    "engine.errors": (),
    "engine.model": (*GROUND, "engine.model"),
    "engine.kernels": ("engine.kernels",),
    "engine.runtime": (*GROUND, "engine.runtime"),
    "engine.messages": (*FLOORS, "engine.messages"),
    "engine.ports": (*FLOORS, "engine.messages"),
    "engine.decisions": (*GROUND, "engine.model", "engine.kernels", "engine.decisions"),
    "engine.intelligence": (
        *GROUND,
        "engine.model",
        "engine.kernels",
        "engine.decisions",
        "engine.intelligence",
    ),
    # What a user's program imports: it must not carry the engine along.
    "engine.client": (*GROUND, "engine.model", "engine.client"),
    "engine.store": (*FLOORS, "engine.store"),
    "actors": ACTORS,
    "venues": (
        *FLOORS,
        "engine.messages",
        "engine.ports",
        "engine.decisions.matching",
        "venues",
    ),
    "engine.service": EVERYTHING,
    "bench": (*EVERYTHING, "bench", "tests.support"),
    "tests": (*EVERYTHING, "bench", "tests"),
}

# Floors that stay free of everything but these libraries and the standard library.
LIBRARIES_OF: Mapping[str, tuple[str, ...]] = {
    "engine.errors": (),
    "engine.model": ("msgspec",),
    "engine.kernels": ("llvmlite", "numba", "numpy"),
    "engine.runtime": ("msgspec",),
}

EDGE = (
    "engine/client/",
    "engine/runtime/live_driver.py",
    "engine/service/",
    "venues/http.py",
    "venues/websocket.py",
)
THREADS = (
    "engine/client/",
    "engine/runtime/live_driver.py",
    "engine/service/",
    "engine/store/",
)
PLACES: Mapping[str, tuple[str, ...]] = {
    "_thread": (),
    "aiohttp": (
        "engine/client/",
        "engine/service/rest/",
        "venues/http.py",
        "venues/websocket.py",
    ),
    "asyncio": EDGE,
    "concurrent": THREADS,
    "llvmlite": ("engine/kernels/",),
    "multiprocessing": ("engine/service/",),
    "numba": ("engine/kernels/",),
    "queue": THREADS,
    "rich": ("engine/service/cli/",),
    "sqlite3": ("engine/service/", "engine/store/"),
    "threading": THREADS,
    "uvloop": ("engine/service/",),
}


def layers(source: Source) -> Iterator[str]:
    """Floors import downward only, siblings never each other."""
    part = _part(source.module)
    allowed = MAY_IMPORT[part]
    lazy = _type_only(source) if source.path == "engine/__init__.py" else set()
    for node, module in _named(source):
        if module.partition(".")[0] not in {*EVERYTHING, "bench", "tests"} or node in lazy:
            continue
        if not any(_inside(module, name) for name in allowed):
            yield f"{source.path}:{node.lineno}: {part} may not import {module}"


def actors_know_no_actors(source: Source) -> Iterator[str]:
    """Actors know messages and refs, never each other's modules; `node` may stand on `node_*`."""
    if source.under("actors/"):
        own = source.module.removeprefix("actors.").partition("_")[0]
        for node, module in source.imports:
            if _inside(module, "actors") and not module.startswith(f"actors.{own}_"):
                yield f"{source.path}:{node.lineno}: an actor imports {module}; send a message"


def libraries_in_their_place(source: Source) -> Iterator[str]:
    """A library with a place is imported there only; the lowest floors take few at all."""
    if not source.shipped:
        return
    part = _part(source.module)
    for node, module in source.imports:
        top = module.partition(".")[0]
        if top in PLACES and not source.under(*PLACES[top]):
            yield f"{source.path}:{node.lineno}: {top} has no place here"
        elif part in LIBRARIES_OF and top not in {*LIBRARIES_OF[part], *EVERYTHING}:
            if top not in sys.stdlib_module_names:
                yield f"{source.path}:{node.lineno}: {part} may not import {top}"


def only_declared_libraries(source: Source, declared: frozenset[str]) -> Iterator[str]:
    """A shipped file imports only what the distribution declares."""
    if not source.shipped:
        return
    known = declared | sys.stdlib_module_names | set(EVERYTHING)
    for node, module in source.imports:
        top = module.partition(".")[0]
        if top not in known:
            yield f"{source.path}:{node.lineno}: {top} is not a declared dependency"


def no_relative_imports(source: Source) -> Iterator[str]:
    """Imports are absolute."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and node.level > 0:
            yield f"{source.path}:{node.lineno}: relative import; write the whole name"


def imports_stand_on_top(source: Source) -> Iterator[str]:
    """No import inside a function, but for the lazy roof and the commands."""
    if source.under("engine/__init__.py", "engine/service/cli/"):
        return
    for function in source.functions():
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield f"{source.path}:{node.lineno}: import inside {function.name}"


def _part(module: str) -> str:
    """The entry of the layer table that a module belongs to."""
    return max((part for part in MAY_IMPORT if _inside(module, part)), key=len)


def _inside(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _named(source: Source) -> Iterator[tuple[ast.stmt, str]]:
    """Imports with `from package import module` told as `package.module` where it matters."""
    for node, module in source.imports:
        if isinstance(node, ast.ImportFrom) and module in {"engine", "engine.decisions"}:
            for alias in node.names:
                yield node, f"{module}.{alias.name}"
        else:
            yield node, module


def _type_only(source: Source) -> set[ast.AST]:
    """Imports for type checkers alone, or inside a function."""
    found: set[ast.AST] = set()
    for node in ast.walk(source.tree):
        checking = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        if checking or isinstance(node, ast.FunctionDef):
            found.update(ast.walk(node))
    return found
