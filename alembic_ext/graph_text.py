"""The revision graph as text: lines for a terminal, or a Mermaid diagram."""

from __future__ import annotations

from collections.abc import Sequence

from alembic_ext import printing
from alembic_ext.graph import GraphResult, Node, Row, State, lay_out

__all__ = ["STATE_WORDS", "draw_mermaid", "draw_terminal", "facts_of"]

STATE_WORDS: dict[State, str] = {
    "cached": "cached",
    "start": "cached before the seed",
    "captured": "captured",
    "stale": "stale",
    "none": "",
}

_MERMAID_CLASSES: dict[State, str] = {
    "cached": "fill:#d7f0dd,stroke:#1a7f37,color:#0b3d1a",
    "start": "fill:#e3eefb,stroke:#2f6fbb,color:#12355e",
    "captured": "fill:#efe5fb,stroke:#7a46b8,color:#3a1a63",
    "stale": "fill:#fdeccd,stroke:#b36b00,color:#5c3700",
    "none": "fill:#f4f4f5,stroke:#8a8f98,color:#33373d",
}


def facts_of(node: Node) -> list[str]:
    """Return what is known of a node, each in a few words."""
    facts = [STATE_WORDS[node.state]] if node.kept else []
    if node.kept:
        facts.append(printing.size(node.size_bytes))
    if node.seconds is not None:
        facts.append(printing.seconds(node.seconds))
    return facts


def draw_terminal(result: GraphResult) -> list[str]:
    """Return the lines of the picture: newest revisions on top, one line a revision."""
    rows = lay_out(result.nodes)
    width = 2 * max((row.width for row in rows), default=0)
    lines: list[str] = []
    for row in rows:
        marks = f"{' (head)' if row.node.is_head else ''}{''.join(f' [{one}]' for one in row.node.labels)}"
        facts = ", ".join(facts_of(row.node))
        text = f"{row.node.revision}{marks}  {row.node.title}"
        lines.append(f"{_node_line(row):<{width}}{text}{f'  · {facts}' if facts else ''}".rstrip())
        lines.extend(_bend_lines(row))
    lines.extend(f"?  {one.name}: its revisions are no more" for one in result.unreachable)
    return lines


def draw_mermaid(result: GraphResult) -> str:
    """Return a Mermaid flowchart, parents below their children; what is only depended on is dotted."""
    names = {node.revision: f"n{number}" for number, node in enumerate(result.nodes)}
    lines = ["flowchart BT"]
    for node in result.nodes:
        words = [node.revision, node.title, " · ".join(facts_of(node))]
        label = "<br/>".join(_mermaid_text(word) for word in words if word)
        lines.append(f'    {names[node.revision]}["{label}"]:::{node.state}')
    for node in result.nodes:
        for parent in node.parents:
            arrow = "-.->" if parent in node.needs else "-->"
            lines.append(f"    {names[parent]} {arrow} {names[node.revision]}")
    lines += [f"    classDef {state} {style}" for state, style in _MERMAID_CLASSES.items()]
    return "\n".join(lines)


def _node_line(row: Row) -> str:
    through = {start for start, _ in row.lines if start != row.column}
    cells = ["*" if place == row.column else "|" if place in through else " " for place in range(row.width)]
    return " ".join(cells)


def _bend_lines(row: Row) -> list[str]:
    """Draw how lines change columns below a node; nothing when all run straight on."""
    bends = [(start, end) for start, end in row.lines if start != end]
    if not bends:
        return []
    cells = [" "] * (2 * row.width)
    for start, end in row.lines:
        if start == end:
            cells[2 * start] = "|"
    for start, end in bends:
        low, high = sorted((2 * start, 2 * end))
        for place in range(low + 1, high):
            if cells[place] == " ":
                cells[place] = "_" if high - low > 2 else " "
        cells[low + 1 if start < end else high - 1] = "\\" if start < end else "/"
    return ["".join(cells).rstrip()]


def _mermaid_text(text: str) -> str:
    # Mermaid reads a label as HTML and ends it at a quote; entities are its way out.
    special: Sequence[tuple[str, str]] = (
        ("#", "#35;"),
        ("&", "#amp;"),
        ('"', "#quot;"),
        ("<", "#lt;"),
        (">", "#gt;"),
        ("`", "#96;"),
    )
    safe = text
    for character, entity in special:
        safe = safe.replace(character, entity)
    return safe
