"""The table of doors as a tree of path parts, so that a look-up costs the path's length."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from engine.service.rest.door import Door, path_names

__all__ = ["Found", "Routes"]

Found = tuple[Door, Mapping[str, str]]
NO_PARTS: Mapping[str, str] = {}


class Routes:
    """All doors. Order ids reach us percent-encoded (`graph%3A...`), so parts are decoded after
    the path is split and a part never holds another's slash."""

    def __init__(self, doors: Iterable[Door]) -> None:
        self.doors = tuple(doors)
        self._plain: dict[str, dict[str, Door]] = {}
        self._tree = Branch()
        for door in self.doors:
            if "{" not in door.path:
                methods = self._plain.setdefault(door.path, {})
            else:
                methods = self._tree.grow(door.path.split("/")[1:]).methods
            assert door.method not in methods, f"two doors at {door.method} {door.path}"
            methods[door.method] = door

    def find(self, method: str, path: str) -> Found | tuple[str, ...]:
        """The door with its decoded path parts; else the methods that the path has, () for none."""
        methods = self._plain.get(path)
        if methods is not None:
            door = methods.get(method)
            if door is not None:
                return door, NO_PARTS
        values: list[str] = []
        branch = self._tree.follow(path.split("/")[1:], 0, values)
        if branch is None:
            return tuple(methods or ())
        door = branch.methods.get(method)
        if door is None:
            return (*(methods or ()), *branch.methods)
        names = path_names(door.path)
        return door, dict(zip(names, values, strict=True))


class Branch:
    """A part of the tree: what follows by literal part, what follows any part, and the doors."""

    __slots__ = ("any", "literal", "methods")

    def __init__(self) -> None:
        self.literal: dict[str, Branch] = {}
        self.any: Branch | None = None
        self.methods: dict[str, Door] = {}

    def grow(self, parts: list[str]) -> Branch:
        """The branch of a pattern, made where it is missing."""
        branch = self
        for part in parts:
            if part.startswith("{"):
                branch.any = branch.any or Branch()
                branch = branch.any
            else:
                branch = branch.literal.setdefault(part, Branch())
        return branch

    def follow(self, parts: list[str], start: int, values: list[str]) -> Branch | None:
        """The branch of a path; a literal part wins over one that takes any."""
        if start == len(parts):
            return self if self.methods else None
        part = parts[start]
        found = self.literal.get(part)
        if found is not None:
            end = found.follow(parts, start + 1, values)
            if end is not None:
                return end
        if self.any is None or not part:
            return None
        kept = len(values)
        values.append(unquote(part))
        end = self.any.follow(parts, start + 1, values)
        if end is None:
            del values[kept:]
        return end
