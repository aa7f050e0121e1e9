"""Sparse arrays: the variables of a session, and the places that a reference can mean."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from iris_devtools.standin.objectscript.convert import to_text
from iris_devtools.standin.terminal.arithmetic import is_canonical, sort_key
from iris_devtools.standin.values import Argument, Undefined

__all__ = ["NOTHING", "Place", "Store", "Tree", "TreeStore", "quoted", "walk"]

NOTHING = Undefined()
"""The value of a node that has none."""

Subscripts = tuple[str, ...]


class Store(Protocol):
    """Where variables live: in the session, in the database."""

    def get(self, name: str, subscripts: Subscripts) -> Argument:
        """Return the value of a node; NOTHING when it has none."""

    def set(self, name: str, subscripts: Subscripts, value: Argument) -> None:
        """Give a node a value."""

    def kill(self, name: str, subscripts: Subscripts) -> None:
        """Remove a node and its descendants."""

    def defined(self, name: str, subscripts: Subscripts) -> int:
        """Return $DATA."""

    def next(self, name: str, subscripts: Subscripts, *, reverse: bool = False) -> str:
        """Return the subscript behind the last one given; empty at the end."""


@dataclass(frozen=True)
class Place:
    """One node: what a variable means once its subscripts are known."""

    store: Store
    name: str
    subscripts: Subscripts = ()
    prefix: str = ""

    @property
    def shown(self) -> str:
        """The reference as ObjectScript writes it."""
        inner = f"({','.join(map(quoted, self.subscripts))})" if self.subscripts else ""
        return f"{self.prefix}{self.name}{inner}"

    def get(self) -> Argument:
        """Return the value; NOTHING when there is none."""
        return self.store.get(self.name, self.subscripts)

    def set(self, value: Argument) -> None:
        """Give the node a value."""
        self.store.set(self.name, self.subscripts, value)

    def kill(self) -> None:
        """Remove the node and its descendants."""
        self.store.kill(self.name, self.subscripts)

    def defined(self) -> int:
        """Return $DATA."""
        return self.store.defined(self.name, self.subscripts)

    def next(self, *, reverse: bool = False) -> str:
        """Return the subscript behind the last one; empty at the end."""
        return self.store.next(self.name, self.subscripts, reverse=reverse)

    def below(self, *subscripts: str) -> Place:
        """Return a descendant."""
        return Place(self.store, self.name, (*self.subscripts, *subscripts), self.prefix)

    def at(self, subscripts: Sequence[str]) -> Place:
        """Return the node of the same variable with these subscripts."""
        return Place(self.store, self.name, tuple(subscripts), self.prefix)


def walk(place: Place) -> Iterator[tuple[Place, Argument]]:
    """Return the node and its descendants that have a value, in order."""
    state = place.defined()
    if state % 10:
        yield place, place.get()
    if state < 10:
        return
    subscript = place.below("").next()
    while subscript:
        yield from walk(place.below(subscript))
        subscript = place.below(subscript).next()


def quoted(value: Argument) -> str:
    """Return a value as ObjectScript writes it down: canonical numbers bare, everything else in quotes."""
    if isinstance(value, (int, float, Decimal)):
        return to_text(value)
    text = to_text(value)
    if is_canonical(text):
        return text
    return '"' + text.replace('"', '""') + '"'


class Tree:
    """A node: a value or none, and descendants by subscript."""

    __slots__ = ("_order", "children", "value")

    def __init__(self) -> None:
        self.value: Argument = NOTHING
        self.children: dict[str, Tree] = {}
        self._order: list[tuple[tuple[int, Decimal, str], str]] | None = None

    @property
    def empty(self) -> bool:
        """Whether the node is as good as none."""
        return isinstance(self.value, Undefined) and not self.children

    def child(self, subscript: str) -> Tree:
        """Return the child, which is made when it is missing."""
        found = self.children.get(subscript)
        if found is None:
            found = self.children[subscript] = Tree()
            self._order = None
        return found

    def drop(self, subscript: str) -> None:
        """Remove a child with all below it."""
        if self.children.pop(subscript, None) is not None:
            self._order = None

    def clear(self) -> None:
        """Remove the value and all children."""
        self.value = NOTHING
        self.children.clear()
        self._order = None

    def next(self, subscript: str, *, reverse: bool) -> str:
        """Return the subscript behind another, which need not be there; empty at the end."""
        if self._order is None:
            self._order = sorted((sort_key(each), each) for each in self.children)
        order = self._order
        if not subscript:
            index = len(order) - 1 if reverse else 0
        else:
            key = (sort_key(subscript), subscript)
            index = bisect.bisect_left(order, key) - 1 if reverse else bisect.bisect_right(order, key)
        return order[index][1] if 0 <= index < len(order) else ""


class TreeStore:
    """Variables in memory, by name."""

    def __init__(self) -> None:
        self.trees: dict[str, Tree] = {}

    def get(self, name: str, subscripts: Subscripts) -> Argument:
        """Return the value of a node; NOTHING when it has none."""
        found = self._find(name, subscripts)
        return NOTHING if found is None else found.value

    def set(self, name: str, subscripts: Subscripts, value: Argument) -> None:
        """Give a node a value."""
        tree = self.tree(name)
        for subscript in subscripts:
            tree = tree.child(subscript)
        tree.value = value

    def kill(self, name: str, subscripts: Subscripts) -> None:
        """Remove a node and its descendants."""
        if not subscripts:
            # Emptied and not forgotten: the same array may be known by another name, passed by reference.
            found = self.trees.get(name)
            if found is not None:
                found.clear()
            return
        path = [self.trees.get(name)]
        for subscript in subscripts[:-1]:
            parent = path[-1]
            path.append(parent.children.get(subscript) if parent is not None else None)
        if path[-1] is None:
            return
        path[-1].drop(subscripts[-1])
        for depth in range(len(path) - 1, 0, -1):
            node, parent = path[depth], path[depth - 1]
            if node is not None and parent is not None and node.empty:
                parent.drop(subscripts[depth - 1])

    def defined(self, name: str, subscripts: Subscripts) -> int:
        """Return $DATA."""
        found = self._find(name, subscripts)
        if found is None:
            return 0
        return int(not isinstance(found.value, Undefined)) + 10 * bool(found.children)

    def next(self, name: str, subscripts: Subscripts, *, reverse: bool = False) -> str:
        """Return the subscript behind the last one given; empty at the end."""
        if not subscripts:
            names = [each for each in self.names() if (each < name if reverse else each > name) or not name]
            return (names[-1] if reverse else names[0]) if names else ""
        parent = self._find(name, subscripts[:-1])
        return "" if parent is None else parent.next(subscripts[-1], reverse=reverse)

    def names(self) -> list[str]:
        """Return the names of the variables that have anything, in order."""
        return sorted(name for name, tree in self.trees.items() if not tree.empty)

    def tree(self, name: str) -> Tree:
        """Return a whole variable, which is made when it is missing."""
        return self.trees.setdefault(name, Tree())

    def _find(self, name: str, subscripts: Subscripts) -> Tree | None:
        tree = self.trees.get(name)
        for subscript in subscripts:
            if tree is None:
                return None
            tree = tree.children.get(subscript)
        return tree
