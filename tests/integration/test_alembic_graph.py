"""The picture of the revision graph: in the terminal, as Mermaid, as one page."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def shown(chain: Any, *arguments: str) -> str:
    finished = subprocess.run(
        [sys.executable, "-m", "alembic", "iris-graph", *arguments],
        cwd=chain.directory,
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return finished.stdout


@pytest.fixture
def branched(chain: Any) -> Any:
    """r000 - r001 - (left, right) - merge, of which r001, left and merge have snapshots, left a stale one."""
    chain.line(2)
    chain.add("left", "r001")
    chain.add("right", "r001")
    chain.add("merge", ("left", "right"))
    chain.run("iris-snapshot", "r001")
    chain.run("iris-snapshot", "left")
    chain.add("left", "r001", more="op.execute(\"INSERT INTO step (name) VALUES ('more')\")")
    chain.run("iris-snapshot")
    return chain


def test_states_sizes_and_times_are_told_without_a_server(branched: Any) -> None:
    ini = branched.directory / "alembic.ini"
    ini.write_text(re.sub(r"@127\.0\.0\.1:\d+/", "@127.0.0.1:1/", ini.read_text()))
    found = branched.run("iris-graph")
    nodes = {node["revision"]: node for node in found["nodes"]}

    assert found["nodes"][0]["revision"] == "merge"
    assert {name: node["state"] for name, node in nodes.items()} == {
        "merge": "cached",
        "left": "stale",
        "right": "none",
        "r001": "cached",
        "r000": "none",
    }
    assert nodes["merge"]["parents"] == ["left", "right"]
    assert nodes["merge"]["head"] is True
    assert nodes["merge"]["seconds"] > 0
    assert all(one["bytes"] > 0 for one in nodes["r001"]["snapshots"])


def test_the_terminal_shows_one_line_a_revision(branched: Any) -> None:
    lines = shown(branched).splitlines()

    revisions = [line for line in lines if "*" in line]
    assert len(revisions) == 5
    assert "merge (head)" in revisions[0]
    assert "cached" in revisions[0]
    assert any("left" in line and "stale" in line for line in revisions)
    assert any("\\" in line for line in lines)
    assert any("/" in line for line in lines)


def test_mermaid_has_every_revision_and_every_line(branched: Any) -> None:
    text = shown(branched, "--mermaid")

    assert text.startswith("flowchart BT\n")
    labels = dict(re.findall(r'^    (n\d+)\["(\w+)', text, flags=re.MULTILINE))
    edges = {(labels[a], labels[b]) for a, b in re.findall(r"(n\d+) --> (n\d+)", text)}
    assert edges == {
        ("r000", "r001"),
        ("r001", "left"),
        ("r001", "right"),
        ("left", "merge"),
        ("right", "merge"),
    }
    assert ":::stale" in text


class Page(HTMLParser):
    """What a page asks for from elsewhere, and what it shows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.outside: list[str] = []
        self.tags: list[str] = []
        self.revisions: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.outside += [str(given[name]) for name in ("src", "href", "data") if name in given]
        if "data-revision" in given:
            self.revisions[str(given["data-revision"])] = str(given["data-state"])


def test_the_page_needs_nothing_else(branched: Any, tmp_path: Path) -> None:
    file = tmp_path / "graph.html"
    assert str(file) in shown(branched, "--html", str(file))
    text = file.read_text(encoding="utf-8")
    page = Page(text)

    assert page.outside == []
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert "url(" not in text
    assert page.tags.count("circle") == len(page.revisions) == 5
    assert page.tags.count("path") >= 5
    assert page.revisions["left"] == "stale"


def test_what_a_migration_is_called_cannot_break_a_picture(chain: Any, tmp_path: Path) -> None:
    path = chain.add("r000", None)
    path.write_text('"""<script>alert("x")</script> & `more`"""\n' + path.read_text())
    file = tmp_path / "graph.html"
    shown(chain, "--html", str(file))

    assert "<script" not in file.read_text(encoding="utf-8")
    assert "script" not in Page(file.read_text(encoding="utf-8")).tags
    mermaid = shown(chain, "--mermaid")
    assert "<script" not in mermaid
    assert mermaid.splitlines()[1].count('"') == 2


def test_a_page_that_cannot_be_written_is_an_error_that_names_it(chain: Any, tmp_path: Path) -> None:
    chain.line(1)
    missing = tmp_path / "nowhere" / "graph.html"

    assert str(missing) in chain.run("iris-graph", "--html", str(missing), code=2)["message"]


def test_an_empty_chain_has_an_empty_picture(chain: Any) -> None:
    assert "no revisions" in shown(chain)
    assert chain.run("iris-graph")["nodes"] == []


def test_a_browser_shows_the_page(branched: Any, tmp_path: Path) -> None:
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed")
    file = tmp_path / "graph.html"
    shown(branched, "--html", str(file))
    picture = tmp_path / "graph.png"
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    rendered = subprocess.run(
        [browser, *options, f"--screenshot={picture}", "--dump-dom", file.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    assert len(Page(rendered.stdout).revisions) == 5
    assert picture.stat().st_size > 5000
