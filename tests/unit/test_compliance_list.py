"""The list of compliance tests that are known to fail, and how a record of the suite is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compliance.known import FAULTS, KnownFailure, read_known


def test_every_known_failure_has_a_fault_a_reason_and_a_proof() -> None:
    known = read_known()

    assert known
    assert {one.fault for one in known} <= set(FAULTS)
    with pytest.raises(ValueError, match="reason and proof"):
        KnownFailure(("A::test_b",), "driver", "because", "")
    with pytest.raises(ValueError, match="the fault is one of"):
        KnownFailure(("A::test_b",), "weather", "because", "seen")


def test_no_test_is_listed_twice() -> None:
    tests = [test for one in read_known() for test in one.tests]

    assert sorted(tests) == sorted(set(tests))


def test_a_name_without_brackets_stands_for_all_parameters() -> None:
    one = KnownFailure(("A::test_b", "A::test_c[x]"), "driver", "because", "seen")

    assert one.covers("A::test_b[1-2]")
    assert one.covers("A::test_c[x]")
    assert not one.covers("A::test_c[y]")


def test_an_entry_holds_for_the_versions_that_it_names(tmp_path: Path) -> None:
    listed = tmp_path / "known.toml"
    listed.write_text(
        '[[failure]]\ntests = ["A::b"]\nfault = "suite"\nreason = "r"\nproof = "p"\nsqlalchemy = ">=2.1"\n'
    )

    assert read_known(listed, sqlalchemy="2.0.58") == ()
    assert len(read_known(listed, sqlalchemy="2.1.0")) == 1
