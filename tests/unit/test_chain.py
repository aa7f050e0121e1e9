"""The migration chain: which revisions there are, what they need, and what changes their digests."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from alembic.config import Config

from alembic_ext.chain import Chain
from iris_devtools.errors import SchemaSourceError, UnknownRevisionError


class Scripts:
    """A script directory that tests fill."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "versions").mkdir(parents=True)
        (directory / "env.py").write_text("")

    def add(
        self,
        revision: str,
        down: str | tuple[str, ...] | None = None,
        *,
        body: str = "pass",
        depends_on: str | tuple[str, ...] | None = None,
        labels: str | None = None,
        name: str | None = None,
    ) -> Path:
        path = self.directory / "versions" / f"{name or revision}.py"
        path.write_text(
            dedent(
                f"""\
                \"\"\"step {revision}\"\"\"
                revision = {revision!r}
                down_revision = {down!r}
                branch_labels = {labels!r}
                depends_on = {depends_on!r}

                def upgrade():
                    {body}

                def downgrade():
                    pass
                """
            )
        )
        return path

    def chain(self) -> Chain:
        config = Config()
        config.set_main_option("script_location", str(self.directory))
        config.set_main_option("path_separator", "os")
        return Chain.from_config(config)

    def digest(self, revision: str) -> str:
        return self.chain().digests([revision])[0]


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path / "migrations")


def test_a_line_has_one_head_and_its_ancestry_is_in_order(scripts: Scripts) -> None:
    scripts.add("aaa1")
    scripts.add("bbb2", "aaa1")
    scripts.add("ccc3", "bbb2")
    chain = scripts.chain()

    assert chain.heads == ("ccc3",)
    assert [m.revision for m in chain.ancestry(["ccc3"])] == ["aaa1", "bbb2", "ccc3"]
    assert chain.migration("ccc3").title == "step ccc3"


def test_an_empty_chain_has_no_heads(scripts: Scripts) -> None:
    assert scripts.chain().heads == ()
    assert scripts.chain().resolve(["heads"]) == ()


def test_branches_have_two_heads_and_a_merge_one(scripts: Scripts) -> None:
    scripts.add("aaa1")
    scripts.add("bbb2", "aaa1")
    scripts.add("ccc3", "aaa1")
    assert scripts.chain().heads == ("bbb2", "ccc3")

    scripts.add("ddd4", ("bbb2", "ccc3"))
    chain = scripts.chain()
    assert chain.heads == ("ddd4",)
    assert [m.revision for m in chain.ancestry(["ddd4"])] == ["aaa1", "bbb2", "ccc3", "ddd4"]


def test_a_head_that_another_head_depends_on_is_not_listed(scripts: Scripts) -> None:
    """alembic_version does not list it either, and the key has to say what that table says."""
    scripts.add("aaa1")
    scripts.add("bbb2")
    scripts.add("ccc3", "bbb2", depends_on="aaa1")

    assert scripts.chain().heads == ("ccc3",)
    assert scripts.chain().resolve(["heads"]) == ("ccc3",)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("heads", ("bbb2",)),
        ("head", ("bbb2",)),
        ("aaa", ("aaa1",)),
        ("base", ()),
        ("billing@head", ("bbb2",)),
    ],
)
def test_targets_are_what_alembic_takes(scripts: Scripts, target: str, expected: tuple[str, ...]) -> None:
    scripts.add("aaa1", labels="billing")
    scripts.add("bbb2", "aaa1")

    assert scripts.chain().resolve([target]) == expected


def test_targets_that_contain_each_other_are_reduced(scripts: Scripts) -> None:
    scripts.add("aaa1")
    scripts.add("bbb2", "aaa1")

    assert scripts.chain().resolve(["aaa1", "bbb2"]) == ("bbb2",)


@pytest.mark.parametrize("target", ["head", "shop@head"])
def test_a_target_that_means_several_revisions_says_which_there_are(scripts: Scripts, target: str) -> None:
    scripts.add("aaa1", labels="shop")
    scripts.add("abbb2", "aaa1")
    scripts.add("abbb3", "aaa1")

    with pytest.raises(UnknownRevisionError, match="is not one revision") as caught:
        scripts.chain().resolve([target])
    assert "There is no revision" not in caught.value.message
    assert "abbb2, abbb3" in caught.value.hint + caught.value.message


@pytest.mark.parametrize("target", ["nope", "nope@head", "aaa1@nope"])
def test_an_unknown_revision_is_named(scripts: Scripts, target: str) -> None:
    scripts.add("aaa1")

    with pytest.raises(UnknownRevisionError, match="nope") as caught:
        scripts.chain().resolve([target])
    assert caught.value.facts["revision"] == target
    assert caught.value.facts["heads"] == ("aaa1",)
    assert "alembic history" in caught.value.hint


def test_a_missing_script_directory_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(tmp_path / "nowhere"))

    with pytest.raises(SchemaSourceError, match="nowhere") as caught:
        Chain.from_config(config)
    assert "alembic.ini" in caught.value.hint


def test_the_same_content_has_the_same_digest_whatever_the_file_is_called(
    scripts: Scripts, tmp_path: Path
) -> None:
    scripts.add("aaa1")
    scripts.add("bbb2", "aaa1")
    moved = Scripts(tmp_path / "elsewhere")
    moved.add("bbb2", "aaa1", name="renamed_b")
    moved.add("aaa1", name="renamed_a")

    assert scripts.digest("bbb2") == moved.digest("bbb2")


def test_comments_and_formatting_do_not_change_a_digest(scripts: Scripts) -> None:
    path = scripts.add("aaa1", body="x = 'a'")
    before = scripts.digest("aaa1")
    path.write_text(path.read_text().replace("x = 'a'", 'x   =  "a"  # why'))

    assert scripts.digest("aaa1") == before


@pytest.mark.parametrize("edited", ["aaa1", "bbb2", "ccc3"])
def test_an_edit_of_any_ancestor_changes_the_digest(scripts: Scripts, edited: str) -> None:
    paths = {
        "aaa1": scripts.add("aaa1"),
        "bbb2": scripts.add("bbb2", "aaa1"),
        "ccc3": scripts.add("ccc3", "bbb2"),
    }
    before = scripts.digest("ccc3")
    paths[edited].write_text(paths[edited].read_text().replace("pass", "return None", 1))

    assert scripts.digest("ccc3") != before


def test_an_edit_of_a_dependency_changes_the_digest(scripts: Scripts) -> None:
    needed = scripts.add("aaa1")
    scripts.add("bbb2", depends_on="aaa1")
    before = scripts.digest("bbb2")
    needed.write_text(needed.read_text().replace("pass", "return None", 1))

    assert scripts.digest("bbb2") != before


def test_an_edit_of_an_unrelated_branch_leaves_the_digest_alone(scripts: Scripts) -> None:
    scripts.add("aaa1")
    scripts.add("bbb2", "aaa1")
    other = scripts.add("ccc3", "aaa1")
    before = scripts.digest("bbb2")
    other.write_text(other.read_text().replace("pass", "return None", 1))

    assert scripts.digest("bbb2") == before


def test_a_migration_that_does_not_parse_is_named(scripts: Scripts) -> None:
    (scripts.directory / "versions" / "aaa1.py").write_text("def upgrade(:\n")

    with pytest.raises(SchemaSourceError, match=r"SyntaxError.*aaa1\.py"):
        scripts.chain()


def test_a_script_that_fails_is_named_with_its_line(scripts: Scripts) -> None:
    (scripts.directory / "versions" / "aaa1.py").write_text("revision = 'aaa1'\n1 / 0\n")

    with pytest.raises(SchemaSourceError, match=r"aaa1\.py, line 2 \(1 / 0\): ZeroDivisionError"):
        scripts.chain()


@pytest.mark.filterwarnings("ignore:Revision nowhere referenced:UserWarning")
def test_a_revision_that_is_followed_and_is_not_there_is_named(scripts: Scripts) -> None:
    scripts.add("aaa1", "nowhere")

    with pytest.raises(SchemaSourceError, match="no script has the revision 'nowhere'"):
        scripts.chain()


def test_a_long_chain_is_read_without_recursion(scripts: Scripts) -> None:
    previous = None
    for number in range(1200):
        scripts.add(f"r{number:05}", previous)
        previous = f"r{number:05}"

    assert len(scripts.chain().ancestry(["r01199"])) == 1200


def test_what_is_missing_is_counted_along_the_graph_not_along_a_list(scripts: Scripts) -> None:
    scripts.add("aaa1")
    scripts.add("bbb2", "aaa1")
    scripts.add("ccc3", "aaa1")
    scripts.add("ddd4", ("bbb2", "ccc3"))

    assert scripts.chain().missing_from(["ddd4"]) == {"aaa1": 3, "bbb2": 2, "ccc3": 2, "ddd4": 0}
