"""What counts in a key, and that every supported Python agrees."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from iris_devtools.errors import SchemaSourceError
from iris_devtools.snapshots import key as key_module
from iris_devtools.snapshots.key import RevisionKey, combine, revision_key, source_digest, text_digest

MIGRATION = '''\
"""Create users

Revision ID: 1975ea83b712
"""

revision = "1975ea83b712"
down_revision = None


def upgrade() -> None:
    name = "users"
    op.execute(f"INSERT INTO {name!r:>{10}} VALUES ({1 + 2}, {name=}, 'é')" "tail")
    op.create_table("users", *[Column(n, String(20)) for n in ("a", "b") if n], key=0x10, ratio=1.5e3)
    with op.batch_alter_table("users") as (batch, _), other():
        batch.drop_column(b"\\x00", 3j, ..., not None, **{"a": 1, **rest})
    match name:
        case {"kind": str(kind), **others} if kind:
            pass
        case [1, *_] | None:
            pass
    lambda x, /, y=1, *, z: (yield)
    text = f"{name:}" f"" "plain \\N{BULLET}" f"{{}}{name:%Y-%m}"
    raw = rf"\\d{name}" u"old"
    very_long = 12345678901234567890 ** 3
'''


def digest_of(*parts: str) -> str:
    return text_digest("".join(parts))


@pytest.mark.parametrize(
    "same",
    [
        MIGRATION.replace("\n", "\r\n"),
        "\ufeff" + MIGRATION,
        MIGRATION.replace('"users"', "'users'"),
        MIGRATION.replace("0x10", "16").replace("1.5e3", "1500.0"),
        MIGRATION.replace("name = ", "name  =  ("[:-1]) + "\n\n# the end\n",
        MIGRATION.replace('u"old"', '"old"'),
        MIGRATION.replace("    ", "\t"),
        MIGRATION.replace("3j, ...,", "(3j),\n            ...,  # ellipsis\n"),
    ],
    ids=["line ends", "byte order mark", "quotes", "numbers", "comments", "u prefix", "tabs", "line breaks"],
)
def test_formatting_does_not_count(same):
    assert source_digest(same) == source_digest(MIGRATION)


@pytest.mark.parametrize(
    "other",
    [
        MIGRATION.replace("1975ea83b712", "1975ea83b713"),
        MIGRATION.replace("Create users", "Create Users"),
        MIGRATION.replace("String(20)", "String(21)"),
        MIGRATION.replace("!r:", ":"),
        MIGRATION.replace("'é'", "'è'"),
        MIGRATION.replace('b"\\x00"', '"\\x00"'),
        MIGRATION.replace("1.5e3", "1500"),
        MIGRATION.replace("not None", "not 0"),
        MIGRATION.replace("-> None", ""),
        MIGRATION + "\npass\n",
    ],
    ids=[
        "name",
        "docstring",
        "number",
        "conversion",
        "letter",
        "bytes",
        "float",
        "constant",
        "annotation",
        "statement",
    ],
)
def test_code_counts(other):
    assert source_digest(other) != source_digest(MIGRATION)


def test_true_is_not_one():
    assert source_digest("x = True") != source_digest("x = 1")


def test_minus_zero_is_not_zero():
    assert source_digest("x = 0.0") != source_digest("x = 0")


def test_a_string_that_looks_like_a_token_is_a_string():
    assert source_digest("x = '.value'") != source_digest("x = value")


def test_an_invalid_escape_does_not_disturb():
    assert source_digest("x = '\\d'") == source_digest("x = '\\\\d'")


def test_depth_is_no_limit_of_ours():
    assert source_digest("x = " + "+".join(["1"] * 500))


def test_a_source_that_does_not_parse_is_refused_with_its_line():
    with pytest.raises(SchemaSourceError, match="line 2") as caught:
        source_digest("x = 1\ny = = 2\n")

    assert caught.value.facts["line"] == 2


def test_only_line_ends_do_not_count_in_a_text():
    assert text_digest("a\r\nb") == text_digest("a\nb")
    assert text_digest("a \nb") != text_digest("a\nb")


def _pythons() -> list[Path]:
    versions = Path.home() / ".pyenv" / "versions"
    return sorted(
        path for minor in range(10, 20) for path in versions.glob(f"3.{minor}.*/bin/python") if path.is_file()
    )


@pytest.mark.skipif(len(_pythons()) < 2, reason="needs several Python versions under ~/.pyenv")
def test_every_python_version_finds_the_same_digest(tmp_path):
    """A key made on a developer's Python must be found by the CI's."""
    source = tmp_path / "migration.py"
    source.write_text(MIGRATION, encoding="utf-8")
    # Run from its own text: the other interpreters have none of our dependencies.
    program = tmp_path / "digest.py"
    errors = "class SchemaSourceError(Exception):\n    def __init__(self, *a, **k): pass\n"
    module = Path(key_module.__file__).read_text(encoding="utf-8")
    module = module.replace("from iris_devtools.errors import SchemaSourceError\n", errors)
    module += f"\nprint(source_digest(open({str(source)!r}, encoding='utf-8').read()))\n"
    program.write_text(module, encoding="utf-8")

    found = {
        python.parts[-3]: subprocess.run(
            [python, "-I", program], check=True, capture_output=True, text=True
        ).stdout.strip()
        for python in _pythons()
    }

    assert set(found.values()) == {source_digest(MIGRATION)}, found


def test_the_rules_have_not_changed_unnoticed():
    """A change here makes every stored snapshot unfindable; then the rules need a new name."""
    assert source_digest("x = 1") == "64a286764587c68832554f35cffe8ca2e9aa3cf8509f789b0e4c256ef5388bd0"
    assert combine(["b", "a"], "c") == "5de8226b99613518a4b13ad79c63a8ff4b011fcf35c36ab608f67aac9f72e9a2"
    assert (
        revision_key(["r"], sources=["s"], engine="standin-1").digest
        == "92594bbf61e4ce7e172ae3b1a22d1851735b28eb6d6d946ab7d45b6e70649645"
    )


def test_a_key_reads_sorted_and_without_repetition():
    key = RevisionKey(("b", "a", "b"), "0" * 64, "standin-1")

    assert key.revisions == ("a", "b")
    assert key == RevisionKey(("a", "b"), "0" * 64, "standin-1")


def test_a_name_starts_with_what_people_know():
    key = RevisionKey(("1975ea83b712",), "ab" * 32, "iris-2025.1")

    assert key.name.startswith("1975ea83b712-iris-2025.1-")
    assert str(key) == "1975ea83b712 on iris-2025.1 (abababababab)"


def test_before_the_first_migration_is_base():
    assert RevisionKey((), "0" * 64, "standin-1").name.startswith("base-standin-1-")


def test_names_of_revisions_that_differ_in_case_differ():
    one = RevisionKey(("Add",), "0" * 64, "standin-1")
    other = RevisionKey(("add",), "0" * 64, "standin-1")

    assert one.name.lower() != other.name.lower()


@pytest.mark.parametrize(
    ("digest", "engine"),
    [
        ("0" * 63, "standin-1"),
        ("G" * 64, "standin-1"),
        ("0" * 64, ""),
        ("0" * 64, "../x"),
        ("0" * 64, "IRIS"),
    ],
)
def test_a_key_has_a_digest_and_an_engine(digest, engine):
    with pytest.raises(ValueError, match=r"digest|engine"):
        RevisionKey(("a",), digest, engine)


def test_a_revision_has_a_name():
    with pytest.raises(ValueError, match="revision"):
        RevisionKey(("",), "0" * 64, "standin-1")
