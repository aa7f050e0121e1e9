"""What fuzzing has reached or found once is tried in every run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_every_input_of_the_corpus_is_answered_or_refused(target: str) -> None:
    inputs = sorted((CORPUS / target).iterdir())
    assert inputs
    for path in inputs:
        print(path.name)  # the last one is that which fails
        TARGETS[target](path.read_bytes())
