"""The stack of a terminal session, as its prompt shows it (iris-terminal-and-image C.2, C.4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from iris_devtools.standin.terminal.variables import Tree, TreeStore

__all__ = ["Frame", "Frames"]


@dataclass
class Frame:
    """One level: its kind, how many NEW it has, and which variables it hides.

    Kinds are ``S`` sign-on, ``d`` DO, ``e`` a function, ``x`` XECUTE, ``N`` NEW, ``E`` an error.
    """

    kind: str
    news: int = 0
    saved: dict[str, Tree | None] = field(default_factory=dict)
    namespace: str | None = None
    """Where to go back to at the end of the level (``NEW $NAMESPACE``)."""
    error_trap: str = ""
    error_code: str = ""
    """``$ZTRAP``, which belongs to its level, and ``$ETRAP``."""


class Frames:
    """The levels, of which the first is the prompt's own and stays."""

    def __init__(self, variables: TreeStore, *, enter: Callable[[str], None]) -> None:
        self._variables = variables
        self._enter = enter
        self.levels = [Frame("S")]

    @property
    def top(self) -> Frame:
        """The innermost level."""
        return self.levels[-1]

    @property
    def suffix(self) -> str:
        """What the prompt shows behind the namespace; empty at the first level."""
        if len(self.levels) == 1 and not self.top.news:
            return ""
        return f" {len(self.levels)}{self.top.kind}{self.top.news}"

    def push(self, kind: str) -> Frame:
        """Begin a level; it inherits the error traps of the one below."""
        frame = Frame(kind, error_code=self.top.error_code)
        self.levels.append(frame)
        return frame

    def pop(self) -> Frame:
        """End the innermost level: its variables are gone, and those that it hid are back."""
        frame = self.levels.pop()
        self._restore(frame)
        return frame

    def clear(self, count: int | None = None) -> None:
        """End so many levels, or all but the first, as QUIT does at the prompt."""
        while len(self.levels) > 1 and (count is None or count > 0):
            self.pop()
            count = None if count is None else count - 1
        if count is None or count > 0:
            self._restore(self.top)
            self.top.news = 0

    def new_at_the_prompt(self) -> None:
        """Make the level that a NEW typed at the prompt wants."""
        if self.top.news:
            self.push("N")

    def hide(self, names: list[str]) -> None:
        """Let variables be undefined until the end of the level (NEW)."""
        self.top.news += 1
        for name in names:
            old = self._variables.trees.pop(name, None)
            self.top.saved.setdefault(name, old)

    def bind(self, name: str, tree: Tree) -> None:
        """Let a formal parameter be an array of its own, or another name of the caller's."""
        self.top.saved.setdefault(name, self._variables.trees.get(name))
        self._variables.trees[name] = tree

    def _restore(self, frame: Frame) -> None:
        namespace, frame.namespace = frame.namespace, None
        if namespace is not None:
            self._enter(namespace)
        trees = self._variables.trees
        for name, tree in frame.saved.items():
            if tree is None:
                trees.pop(name, None)
            else:
                trees[name] = tree
        frame.saved.clear()
