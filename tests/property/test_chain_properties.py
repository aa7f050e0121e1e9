"""The key of a state depends on what its ancestry does, and on nothing else."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from alembic.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from alembic_ext.chain import Chain
from iris_devtools.snapshots.key import RevisionKey, revision_key

fast = settings(max_examples=25, deadline=None)


@dataclass(frozen=True)
class Script:
    revision: str
    down: tuple[str, ...]
    needs: tuple[str, ...] = ()
    body: str = "op.add(1)"
    comment: str = ""


@dataclass(frozen=True)
class Project:
    """Scripts, and how they lie on the disk: in which of two version directories, under which names."""

    scripts: tuple[Script, ...]
    prefix: str = ""
    order: tuple[int, ...] = ()
    second: frozenset[str] = field(default_factory=frozenset)
    clock: float = 1e9

    def key(self, *heads: str, data: str | None = None) -> RevisionKey:
        chain = self.read(data=data)
        revisions = chain.resolve(heads or ["heads"])
        return revision_key(revisions, sources=chain.digests(revisions), engine="standin-1")

    def read(self, *, data: str | None = None) -> Chain:
        with tempfile.TemporaryDirectory() as place:
            root = Path(place) / "anywhere"
            for name in ("versions", "more"):
                (root / name).mkdir(parents=True)
            for number in self.order or range(len(self.scripts)):
                script = self.scripts[number]
                directory = "more" if script.revision in self.second else "versions"
                path = root / directory / f"{self.prefix}{script.revision}.py"
                path.write_text(
                    f"{script.comment}\nrevision = {script.revision!r}\n"
                    f"down_revision = {script.down or None!r}\ndepends_on = {script.needs or None!r}\n\n"
                    f"def upgrade():\n    {script.body}\n\ndef downgrade():\n    pass\n"
                )
                os.utime(path, (self.clock, self.clock))
            config = Config()
            config.set_main_option("script_location", str(root))
            config.set_main_option("path_separator", "os")
            config.set_main_option("version_locations", f"{root / 'versions'}{os.pathsep}{root / 'more'}")
            chain = Chain.from_config(config, data=data)
            chain.ancestry(chain.revisions)  # the files go when this ends
            return chain


@st.composite
def projects(draw: st.DrawFn) -> Project:
    """Several bases, branches, merges and dependencies."""
    scripts: list[Script] = []
    for number in range(draw(st.integers(1, 6))):
        older = [script.revision for script in scripts]
        down = draw(st.lists(st.sampled_from(older), max_size=2, unique=True)) if older else []
        needs = draw(st.lists(st.sampled_from(older), max_size=1)) if older else []
        scripts.append(
            Script(
                f"rev{number}",
                tuple(_unrelated(down, scripts)),
                tuple(one for one in needs if one not in down),
            )
        )
    return Project(tuple(scripts))


def _ancestors(name: str, scripts: list[Script]) -> set[str]:
    script = next(one for one in scripts if one.revision == name)
    parents = {*script.down, *script.needs}
    return parents.union(*(_ancestors(parent, scripts) for parent in parents))


def _unrelated(names: list[str], scripts: list[Script]) -> list[str]:
    # Alembic refuses a revision that follows another one and that one's own ancestor.
    above = set().union(*(_ancestors(name, scripts) for name in names)) if names else set()
    return [name for name in names if name not in above]


@fast
@given(projects(), st.randoms(), st.floats(0, 4e9), st.sampled_from(["", "2026_", "x_"]))
def test_neither_path_nor_order_nor_clock_nor_comments_matter(project, random, clock, prefix):
    order = list(range(len(project.scripts)))
    random.shuffle(order)
    elsewhere = replace(
        project,
        scripts=tuple(replace(one, comment="# a comment") for one in project.scripts),
        prefix=prefix,
        order=tuple(order),
        second=frozenset(one.revision for one in project.scripts if random.random() < 0.5),
        clock=clock,
    )

    assert elsewhere.key() == project.key()


@fast
@given(projects(), st.data(), st.sampled_from(["op.add(2)", "op.add(1, 1)", "op.add('1')", "op.remove(1)"]))
def test_a_changed_token_changes_the_key_of_what_stands_on_it_and_of_nothing_else(project, data, body):
    position = data.draw(st.integers(0, len(project.scripts) - 1))
    changed = project.scripts[position]
    edited = replace(
        project,
        scripts=tuple(replace(one, body=body) if one == changed else one for one in project.scripts),
    )
    before, after = project.read(), edited.read()

    for script in project.scripts:
        stands_on_it = changed.revision in {
            script.revision,
            *_ancestors(script.revision, list(project.scripts)),
        }
        same = before.digests([script.revision]) == after.digests([script.revision])
        assert same is not stands_on_it


@fast
@given(projects())
def test_a_new_branch_changes_the_key_of_no_other(project):
    heads = project.read().heads
    branched = replace(project, scripts=(*project.scripts, Script("other", (project.scripts[0].revision,))))

    assert branched.key(*heads) == project.key(*heads)
    assert branched.key("other") != project.key(*heads)


@fast
@given(projects())
def test_a_squashed_history_is_another_state(project):
    """One script that does what all did before has the same head id at most, never the same key."""
    head = project.scripts[-1].revision
    squashed = Project((Script(head, (), body="; ".join(one.body for one in project.scripts) + "; pass"),))

    assert squashed.key(head) != project.key(head)


@fast
@given(projects(), st.text("0123456789abcdef", min_size=64, max_size=64))
def test_the_files_that_migrations_read_are_in_every_key(project, data):
    assert project.key(data=data) != project.key()
    assert project.key(data=data) == project.key(data=data)


@fast
@given(projects(), st.data())
def test_what_is_missing_between_two_states_is_what_one_has_and_the_other_has_not(project, data):
    chain = project.read()
    names = [script.revision for script in project.scripts]
    start = chain.resolve([data.draw(st.sampled_from(names))])
    target = chain.resolve(data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=2)))
    have = {one.revision for one in chain.ancestry(start)}
    want = {one.revision for one in chain.ancestry(target)}
    missing = chain.between(start, target)

    assert (missing is None) is (not have <= want)
    if missing is not None:
        assert {one.revision for one in missing} == want - have
        seen = set(have)
        for one in missing:
            assert set(one.parents) <= seen
            seen.add(one.revision)
