"""The revision graph as one HTML page that needs nothing else: no script, no font, no network."""

from __future__ import annotations

from html import escape

from alembic_ext import printing
from alembic_ext.graph import GraphResult, Node, Row, State, lay_out
from alembic_ext.graph_text import STATE_WORDS

__all__ = ["draw_html"]

_ROW_PX = 34
_COLUMN_PX = 18
_RADIUS_PX = 5

_STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --quiet: #59636e; --rule: #d1d9e0; --paper: #ffffff;
  --cached: #1a7f37; --start: #2f6fbb; --captured: #7a46b8; --stale: #b36b00; --none: #8a8f98; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --quiet: #9198a1; --rule: #30363d;
  --paper: #0d1117; --cached: #3fb950; --start: #6cb0ff; --captured: #bc8cff; --stale: #e3a008; } }
body { margin: 2rem; background: var(--paper); color: var(--ink); font: 14px/1.4 system-ui, sans-serif; }
h1 { font-size: 1.3rem; margin: 0 0 .25rem; }
p { color: var(--quiet); margin: 0 0 1rem; }
.graph { display: flex; gap: .75rem; overflow-x: auto; }
svg { flex: none; margin-top: ROWpx; }
path { fill: none; stroke: var(--none); stroke-width: 1.5; }
circle { stroke: var(--paper); stroke-width: 2; }
table { border-collapse: collapse; white-space: nowrap; }
th, td { height: ROWpx; padding: 0 .75rem 0 0; box-sizing: border-box; text-align: left; font-weight: 400; }
thead th { color: var(--quiet); font-size: .85rem; }
tbody tr { box-shadow: 0 -1px var(--rule); }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; }
code { font: 13px ui-monospace, monospace; }
.mark { color: var(--quiet); }
.cached { color: var(--cached); fill: var(--cached); } .start { color: var(--start); fill: var(--start); }
.captured { color: var(--captured); fill: var(--captured); }
.stale { color: var(--stale); fill: var(--stale); }
.none { color: var(--none); fill: var(--none); }
""".replace("ROW", str(_ROW_PX))


def draw_html(result: GraphResult, *, title: str) -> str:
    """Return the page; everything that comes from the project is escaped."""
    rows = lay_out(result.nodes)
    counts: dict[State, int] = {}
    for node in result.nodes:
        counts[node.state] = counts.get(node.state, 0) + 1
    total = sum({one.name: one.size_bytes for node in result.nodes for one in node.kept}.values())
    summary = ", ".join(
        [
            printing.count(len(result.nodes), "revision"),
            *(f"{number} {STATE_WORDS[state]}" for state, number in counts.items() if STATE_WORDS[state]),
            f"{printing.size(total)} in {result.store}",
        ]
    )
    body = "\n".join(_table_row(row.node) for row in rows)
    lost = "".join(
        f"<li><code>{escape(one.name)}</code>, {printing.size(one.size_bytes)}</li>"
        for one in result.unreachable
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{escape(title)}</h1>
<p>{escape(summary)}</p>
<div class="graph">
{_svg(rows)}
<table>
<thead><tr><th>revision</th><th>migration</th><th>snapshot</th><th class="number">size</th>
<th class="number">ran for</th></tr></thead>
<tbody>
{body}
</tbody>
</table>
</div>
{f"<h2>Snapshots of revisions that are no more</h2><ul>{lost}</ul>" if lost else ""}
</body>
</html>
"""


def _table_row(node: Node) -> str:
    marks = [*(["head"] if node.is_head else []), *node.labels]
    names = "\n".join(f"{one.name} ({one.engine})" for one in node.kept)
    size = printing.size(node.size_bytes) if node.kept else ""
    took = printing.seconds(node.seconds) if node.seconds is not None else ""
    return (
        f'<tr data-revision="{escape(node.revision)}" data-state="{node.state}">'
        f"<td><code>{escape(node.revision)}</code>"
        + "".join(f' <span class="mark">{escape(mark)}</span>' for mark in marks)
        + f'</td><td title="{escape(node.place)}">{escape(node.title)}</td>'
        f'<td class="{node.state}" title="{escape(names)}">{STATE_WORDS[node.state]}</td>'
        f'<td class="number">{size}</td><td class="number">{took}</td></tr>'
    )


def _svg(rows: tuple[Row, ...]) -> str:
    width = _COLUMN_PX * max((row.width for row in rows), default=1)
    height = _ROW_PX * len(rows)
    paths: list[str] = []
    circles: list[str] = []
    for number, row in enumerate(rows):
        paths.extend(_path(number, start, end) for start, end in row.lines)
        label = escape(f"{row.node.revision}: {STATE_WORDS[row.node.state] or 'no snapshot'}")
        circles.append(
            f'<circle class="{row.node.state}" cx="{_x(row.column)}" cy="{_y(number)}" r="{_RADIUS_PX}">'
            f"<title>{label}</title></circle>"
        )
    return (
        f'<svg width="{width}" height="{height}" role="img" aria-label="the revision graph">'
        + "".join([*paths, *circles])
        + "</svg>"
    )


def _path(row: int, start: int, end: int) -> str:
    top, bottom = _y(row), _y(row + 1)
    middle = (top + bottom) / 2
    bend = f"M{_x(start)} {top}C{_x(start)} {middle} {_x(end)} {middle} {_x(end)} {bottom}"
    return f'<path d="{bend}"/>'


def _x(column: int) -> float:
    return _COLUMN_PX * (column + 0.5)


def _y(row: int) -> float:
    return _ROW_PX * (row + 0.5)
