"""The revision graph with what the store holds of it, and where its lines run in a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from alembic_ext.freshness import Freshness, freshness
from alembic_ext.project import open_project
from iris_devtools.snapshots.plan import Step
from iris_devtools.snapshots.retention import candidates
from iris_devtools.snapshots.times import Times, is_unseeded

if TYPE_CHECKING:
    from alembic.config import Config

    from alembic_ext.source import AlembicSource
    from iris_devtools.snapshots.retention import Candidate

__all__ = ["GraphResult", "Kept", "Node", "Row", "State", "lay_out", "read_graph"]

State = Literal["cached", "start", "captured", "stale", "none"]
"""``cached``: a snapshot can be restored. ``start``: one without the seed, from which builds can go on.

``captured``: only a database as it stood. ``stale``: only snapshots of sources that were edited since.
"""

_STATES: dict[Freshness, State] = {"current": "cached", "captured": "captured", "stale": "stale"}
_RANK: tuple[State, ...] = ("cached", "start", "captured", "stale", "none")


@dataclass(frozen=True)
class Kept:
    """One snapshot of a revision. A snapshot of several heads is listed at each of them."""

    name: str
    state: State
    size_bytes: int
    engine: str


@dataclass(frozen=True)
class Node:
    """One revision. ``needs`` are those of its parents that it only depends on.

    ``seconds`` is how long it took when it last ran; None when it never ran as it is now.
    """

    revision: str
    title: str
    place: str
    parents: tuple[str, ...]
    needs: tuple[str, ...]
    labels: tuple[str, ...]
    is_head: bool
    seconds: float | None
    kept: tuple[Kept, ...]

    @property
    def state(self) -> State:
        """Return the best that the store has of the revision."""
        return min((one.state for one in self.kept), key=_RANK.index, default="none")

    @property
    def size_bytes(self) -> int:
        """Return the bytes of all snapshots of the revision."""
        return sum(one.size_bytes for one in self.kept)


@dataclass(frozen=True)
class GraphResult:
    """The graph, newest revisions first: every revision comes before its parents.

    ``unreachable`` are the snapshots of revisions that are no more.
    """

    nodes: tuple[Node, ...]
    unreachable: tuple[Kept, ...]
    store: str
    written: str | None = None
    text: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the nodes in the same order."""
        return {
            "store": self.store,
            "written": self.written,
            "nodes": [
                {
                    "revision": node.revision,
                    "title": node.title,
                    "place": node.place,
                    "parents": list(node.parents),
                    "depends_on": list(node.needs),
                    "labels": list(node.labels),
                    "head": node.is_head,
                    "state": node.state,
                    "seconds": node.seconds,
                    "snapshots": [_kept_json(one) for one in node.kept],
                }
                for node in self.nodes
            ],
            "unreachable": [_kept_json(one) for one in self.unreachable],
        }


@dataclass(frozen=True)
class Row:
    """Where a node lies: in which of the columns, and between which columns lines run to the next row."""

    node: Node
    column: int
    lines: tuple[tuple[int, int], ...]
    width: int


def read_graph(config: Config) -> GraphResult:
    """Return the revision graph with what the store holds of it. Needs no server.

    Raises:
        IrisDevtoolsError: the sources or the store cannot be read.
    """
    project = open_project(config)
    source = project.source
    found = candidates(project.store)
    times = _times(found)
    kept: dict[str, list[Kept]] = {}
    unreachable: list[Kept] = []
    for one in found:
        fits = freshness(source, one.snapshot)
        state: State = (
            "start" if fits == "current" and is_unseeded(one.snapshot) else _STATES.get(fits, "stale")
        )
        entry = Kept(one.snapshot.name, state, one.size_bytes, one.snapshot.key.engine)
        if fits == "unreachable":
            unreachable.append(entry)
        for revision in one.snapshot.key.revisions if fits != "unreachable" else ():
            kept.setdefault(revision, []).append(entry)
    nodes = tuple(_node(source, revision, kept, times) for revision in reversed(source.chain.revisions))
    return GraphResult(nodes, tuple(unreachable), str(project.store.directory))


def lay_out(nodes: Sequence[Node]) -> tuple[Row, ...]:
    """Give every node a column, so that lines to parents run downwards; straight on where they can.

    The nodes come children first. A column that ends is free for the next branch.
    """
    rows: list[Row] = []
    waiting: list[str | None] = []  # the revision that each column leads down to
    for node in nodes:
        column = waiting.index(node.revision) if node.revision in waiting else _free(waiting)
        before = list(waiting)
        before[column] = None
        after = list(before)
        lines = [(place, place) for place, revision in enumerate(before) if revision is not None]
        for parent in node.parents:
            if parent in after:
                target = after.index(parent)
                if target > column and after[column] is None:
                    # Lines meet on the left, or the picture would wander to the right.
                    lines[lines.index((target, target))] = (target, column)
                    after[target], target = None, column
            elif after[column] is None:
                target = column
            else:
                target = _free(after)
            after[target] = parent
            lines.append((column, target))
        waiting[:] = after
        rows.append(Row(node, column, tuple(lines), max(len(before), len(after))))
        while waiting and waiting[-1] is None:
            waiting.pop()
    return tuple(rows)


def _free(columns: list[str | None]) -> int:
    if None in columns:
        return columns.index(None)
    columns.append(None)
    return len(columns) - 1


def _times(found: Sequence[Candidate]) -> Times:
    engines = sorted({one.snapshot.key.engine for one in found})
    snapshots = [one.snapshot for one in found]
    merged = [Times.of(snapshots, engine=engine) for engine in engines]
    return merged[-1] if merged else Times()


def _node(source: AlembicSource, revision: str, kept: dict[str, list[Kept]], times: Times) -> Node:
    migration = source.chain.migration(revision)
    return Node(
        revision=revision,
        title=migration.title.splitlines()[0] if migration.title else "",
        place=migration.place,
        parents=migration.parents,
        needs=source.chain.depends_on(revision),
        labels=source.chain.labels(revision),
        is_head=revision in source.chain.heads,
        seconds=times.get(Step(revision, migration.own)),
        kept=tuple(kept.get(revision, ())),
    )


def _kept_json(one: Kept) -> dict[str, Any]:
    return {"name": one.name, "state": one.state, "bytes": one.size_bytes, "engine": one.engine}
