"""Where revisions and lines lie in a picture of the graph."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alembic_ext.graph import GraphResult, Node, lay_out
from alembic_ext.graph_text import draw_terminal


def node(revision: str, *parents: str) -> Node:
    return Node(revision, f"step {revision}", f"{revision}.py", parents, (), (), not parents, None, ())


def draw(*nodes: Node) -> list[str]:
    return draw_terminal(GraphResult(nodes, (), "store"))


def test_a_line_is_a_line() -> None:
    assert [line[:3] for line in draw(node("c", "b"), node("b", "a"), node("a"))] == ["* c", "* b", "* a"]


def test_a_merge_opens_a_column_and_the_fork_below_closes_it() -> None:
    lines = draw(node("m", "l", "r"), node("r", "a"), node("l", "a"), node("a"))

    assert [line[:5].rstrip() for line in lines] == ["*   m", "|\\", "| * r", "* | l", "|/", "*   a"]


def test_a_column_that_ended_is_used_again() -> None:
    rows = lay_out([node("x"), node("y"), node("z", "w"), node("w")])

    assert [row.column for row in rows] == [0, 0, 0, 0]


@st.composite
def graphs(draw: st.DrawFn) -> list[Node]:
    count = draw(st.integers(1, 12))
    nodes = []
    for number in range(count):
        older = st.integers(number + 1, count - 1) if number + 1 < count else st.nothing()
        parents = draw(st.lists(older, max_size=3, unique=True)) if number + 1 < count else []
        nodes.append(node(f"n{number}", *(f"n{parent}" for parent in parents)))
    return nodes


@given(graphs())
def test_every_line_leads_from_a_child_down_to_its_parent(nodes: list[Node]) -> None:
    rows = lay_out(nodes)
    place = {row.node.revision: (number, row.column) for number, row in enumerate(rows)}
    arrived: dict[str, set[str]] = {row.node.revision: set() for row in rows}
    for number, row in enumerate(rows):
        # Follow what leaves this node, row by row, through every column that it may take.
        columns = {end for start, end in row.lines if start == row.column}
        for below in range(number + 1, len(rows)):
            here = rows[below]
            if here.column in columns:
                arrived[row.node.revision].add(here.node.revision)
            columns = {end for start, end in here.lines if start in columns and start != here.column}
        assert row.column < row.width
        assert all(start < row.width and end < row.width for start, end in row.lines)
    for row in rows:
        assert set(row.node.parents) <= arrived[row.node.revision], place


@given(graphs())
def test_every_revision_has_one_line_with_its_mark(nodes: list[Node]) -> None:
    marked = [line for line in draw(*nodes) if "*" in line]

    assert len(marked) == len(nodes)
