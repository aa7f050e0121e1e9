"""Keys depend on what made a state and on nothing else."""

from __future__ import annotations

import ast
import io
import keyword
import string
import textwrap
import tokenize

from hypothesis import assume, given
from hypothesis import strategies as st

from iris_devtools.snapshots.key import RevisionKey, combine, revision_key, source_digest

digests = st.text("0123456789abcdef", min_size=64, max_size=64)
revisions = st.text(string.printable, min_size=1, max_size=20)
engines = st.sampled_from(["standin-1", "iris-2024.1", "iris-2025.1"])
keys = st.builds(
    RevisionKey, revisions=st.lists(revisions, max_size=4).map(tuple), digest=digests, engine=engines
)

names = st.sampled_from(["alpha", "beta", "op", "x"])
constants = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
    st.binary(max_size=9),
).map(repr) | st.text(max_size=9).map(repr)
expressions = st.recursive(
    names | constants,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]} + {pair[1]})"),
        st.tuples(names, st.lists(inner, max_size=3)).map(lambda call: f"{call[0]}({', '.join(call[1])})"),
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        inner.map(lambda value: f"{{'k': {value}}}"),
    ),
    max_leaves=8,
)
statements = st.tuples(names, expressions).map(lambda pair: f"{pair[0]} = {pair[1]}")
bodies = st.lists(statements, min_size=1, max_size=5)


@given(st.lists(revisions, min_size=1, max_size=5), st.lists(digests, min_size=1, max_size=5), st.randoms())
def test_the_order_of_heads_and_sources_never_matters(heads, sources, random):
    key = revision_key(heads, sources=sources, seed=None, engine="standin-1")
    random.shuffle(heads)
    random.shuffle(sources)

    assert key == revision_key(heads, sources=sources, seed=None, engine="standin-1")


@given(st.lists(digests, min_size=1, unique=True), digests, digests)
def test_any_other_source_seed_or_engine_makes_another_key(sources, other, seed):
    assume(other not in sources)
    key = revision_key(["a"], sources=sources, engine="standin-1")

    others = {
        revision_key(["a"], sources=[*sources, other], engine="standin-1"),
        revision_key(["a"], sources=[*sources[1:], other], engine="standin-1"),
        revision_key(["a"], sources=sources, seed=seed, engine="standin-1"),
        revision_key(["a"], sources=sources, engine="standin-2"),
        revision_key(["a", "b"], sources=sources, engine="standin-1"),
    }

    assert key not in others
    assert len({each.digest for each in others}) == 5


@given(keys, keys)
def test_names_are_the_same_only_for_equal_keys_also_where_case_does_not_count(one, other):
    assert (one == other) == (one.name.lower() == other.name.lower())


@given(keys)
def test_a_name_is_plain_short_and_lower_case(key):
    assert len(key.name) <= 100
    assert set(key.name) <= set(string.ascii_lowercase + string.digits + "._+-")
    assert key.name[0] not in ".-"


@given(st.lists(digests, max_size=4), digests)
def test_a_combined_digest_depends_on_each_parent(parents, own):
    combined = combine(parents, own)

    assert combined == combine(reversed(parents), own)
    assert combined not in {combine(set(parents) - {parent}, own) for parent in parents}
    assert combined != own


@given(bodies, st.integers(1, 8), st.sampled_from(["\n", "\r\n"]))
def test_formatting_and_comments_never_matter(body, width, line_end):
    plain = "def upgrade():\n" + textwrap.indent("\n".join(body), "    ")
    lines = ["# a comment", "", "def upgrade( ) : # why"]
    lines += [line for statement in body for line in (" " * width + statement + "  # note", "", "   # more")]

    assert source_digest(plain) == source_digest(line_end.join(lines))
    assert source_digest(plain) == source_digest(ast.unparse(ast.parse(plain)))


@given(bodies, bodies)
def test_other_code_has_another_digest(one, other):
    one_text, other_text = "\n".join(one), "\n".join(other)
    assume(ast.dump(ast.parse(one_text)) != ast.dump(ast.parse(other_text)))

    assert source_digest(one_text) != source_digest(other_text)


MIGRATION = """
from alembic import op
import sqlalchemy as sa

revision = "8c1f2a"
down_revision = "77b0de"

def upgrade():
    op.create_table(
        "visit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("length", sa.Numeric(10, 2), server_default="0.5", nullable=False),
    )
    for number in range(3):
        if number % 2 == 0 and not op.get_context().as_sql:
            op.execute(f"INSERT INTO visit (id) VALUES ({number + 1})")

def downgrade():
    op.drop_table("visit")
"""


def _edits() -> list[str]:
    """The migration with each of its names, numbers and strings changed in turn."""
    lines = MIGRATION.splitlines(keepends=True)
    edited = []
    for token in tokenize.generate_tokens(io.StringIO(MIGRATION).readline):
        (row, start), (_, end) = token.start, token.end
        if token.type == tokenize.NAME and not keyword.iskeyword(token.string):
            new = f"{token.string}x"
        elif token.type == tokenize.NUMBER:
            new = f"1{token.string}"
        elif token.type == tokenize.STRING:
            new = f"{token.string[:-1]}x{token.string[-1]}"
        else:
            continue
        line = lines[row - 1]
        edited.append("".join([*lines[: row - 1], line[:start] + new + line[end:], *lines[row:]]))
    return edited


def test_every_single_token_of_a_migration_counts() -> None:
    edited = _edits()

    assert len(edited) > 40
    assert len({source_digest(text) for text in [MIGRATION, *edited]}) == len(edited) + 1
