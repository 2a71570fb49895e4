"""One source file as the tidy rules see it: path, text, syntax tree and the names it imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

__all__ = ["SHIPPED", "TREES", "Source", "read_tree"]

SHIPPED = ("engine/", "actors/", "venues/")
TREES = ("engine", "actors", "venues", "bench", "tests")
SIM_OK = re.compile(r"#\s*sim-ok:\s*\S")


class Source:
    """A file of the project. `path` is relative to its root, with forward slashes."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.lines = text.splitlines()
        self.tree = ast.parse(text, path)

    @property
    def shipped(self) -> bool:
        """Whether the file is part of the distribution, not of its tests and benchmarks."""
        return self.path.startswith(SHIPPED)

    @property
    def module(self) -> str:
        """Dotted name under which the file is imported."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def under(self, *places: str) -> bool:
        """Whether the file is one of `places`: a file, or a folder written with its slash."""
        return any(
            self.path.startswith(place) if place.endswith("/") else self.path == place
            for place in places
        )

    def excused(self, node: ast.expr | ast.stmt) -> bool:
        """Whether a line of `node` carries the escape marker with a reason."""
        last = node.end_lineno or node.lineno
        return any(SIM_OK.search(line) for line in self.lines[node.lineno - 1 : last])

    @cached_property
    def imports(self) -> list[tuple[ast.stmt, str]]:
        """Every import as (statement, dotted module), `from a import b` as `a`."""
        found: list[tuple[ast.stmt, str]] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found.extend((node, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                found.append((node, node.module or ""))
        return found

    @cached_property
    def origins(self) -> dict[str, str]:
        """Local name to the dotted thing it was imported as."""
        names: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    names[alias.asname or top] = alias.name if alias.asname else top
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                for alias in node.names:
                    names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        return names

    def origin(self, node: ast.AST) -> str:
        """Dotted origin of a name or attribute chain that begins at an import, else empty."""
        if isinstance(node, ast.Name):
            return self.origins.get(node.id, "")
        if isinstance(node, ast.Attribute):
            base = self.origin(node.value)
            return f"{base}.{node.attr}" if base else ""
        return ""

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every function and method, nested ones included."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def classes(self) -> Iterator[ast.ClassDef]:
        """Every class, nested ones included."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ClassDef):
                yield node


def read_tree(root: Path) -> list[Source]:
    """Every Python file of the project, in order of path."""
    files = sorted(path for tree in TREES for path in (root / tree).rglob("*.py"))
    return [
        Source(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))
        for path in files
    ]
