"""The report as one page that needs nothing beside it: no script, no style sheet, no font."""

from __future__ import annotations

from html import escape

from iris_devtools.testing.report import Report

__all__ = ["render"]

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2733}
table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}
th,td{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #d8dee5;vertical-align:top}
td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.bar{background:#2f6f9f;height:.6rem;border-radius:2px}
code{font-size:.92em;overflow-wrap:anywhere}
@media(prefers-color-scheme:dark){body{background:#14191f;color:#dbe2ea}th,td{border-color:#323b45}}
"""


def render(report: Report, *, warnings: tuple[str, ...] = ()) -> str:
    """Return the page, as HTML."""
    figures = "".join(
        f"<tr><th>{escape(label)}</th><td>{escape(text)}</td></tr>" for label, text in report.rows()
    )
    snapshots = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(words)}</td></tr>"
        for name, words in report.uses()
    )
    servers = "".join(f"<p>{escape(server)}</p>" for server in report.servers)
    warned = "".join(f"<p><strong>{escape(text)}</strong></p>" for text in warnings)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Databases of the test run</title><style>{_STYLE}</style></head><body>"
        f"<h1>Databases of the test run</h1>{servers}{warned}<table>{figures}</table>"
        f"<h2>Snapshots</h2><table>{snapshots}</table>"
        f"<h2>Slowest tests by database time</h2><table>{_slowest(report)}</table></body></html>\n"
    )


def _slowest(report: Report) -> str:
    longest = max((test.seconds for test in report.slowest), default=0.0) or 1.0
    return "".join(
        f'<tr><td class="n">{test.seconds * 1000:.1f} ms</td><td class="n">{test.statements}</td>'
        f'<td style="width:8rem"><div class="bar" style="width:{test.seconds / longest:.0%}"></div></td>'
        f"<td><code>{escape(test.test)}</code></td></tr>"
        for test in report.slowest
    )
