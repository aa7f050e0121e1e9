"""A login that is refused for lack of a licence unit: who lets go, who waits, and who hears of it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from iris_devtools.admin import scarcity
from iris_devtools.admin.recovery import with_remedies
from iris_devtools.admin.scarcity import Patience, Refusals, patient


class Full:
    """A server that has room after so many refusals."""

    def __init__(self, refusals: int) -> None:
        self.left = refusals

    def connect(self) -> str:
        if self.left:
            self.left -= 1
            raise RuntimeError("<LICENSE LIMIT EXCEEDED>")
        return "connected"


def log_in(server: Full) -> str:
    return with_remedies(server.connect, host="h", port=1, failures=(RuntimeError,))


def test_who_waits_lets_go_before_every_attempt_and_connects_when_there_is_room(tmp_path: Path) -> None:
    let_go: list[int] = []
    patience = Patience(lambda: let_go.append(1), mark=tmp_path / "new" / "scarce", wait_s=60)
    with patient(patience):
        assert log_in(Full(4)) == "connected"
    # The first refusal is met by closing idle connections.
    assert len(let_go) == 3
    assert patience.waited_s > 0


def test_others_see_that_connections_are_scarce_and_that_one_is_waited_for(tmp_path: Path) -> None:
    one, other = (Patience(lambda: None, mark=tmp_path / "scarce", wait_s=60) for _ in range(2))
    assert not other.scarce
    assert not other.wanted
    one.refused()
    assert other.scarce
    assert other.wanted
    a_while_ago = time.time() - 30
    os.utime(tmp_path / "scarce", (a_while_ago, a_while_ago))
    assert other.scarce
    assert not other.wanted
    assert not Patience(lambda: None, mark=tmp_path / "none", wait_s=60).scarce


def test_an_old_mark_says_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "scarce"
    mark.touch()
    os.utime(mark, (1, 1))
    assert not Patience(lambda: None, mark=mark, wait_s=60).scarce


@pytest.mark.parametrize("waiting", [True, False])
def test_in_the_end_the_refusal_is_raised(
    tmp_path: Path, waiting: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scarcity, "_UNITS_COME_BACK_S", 0.01)
    patience = Patience(lambda: None, mark=tmp_path / "scarce", wait_s=0.01)
    with pytest.raises(RuntimeError, match="LICENSE"):
        if waiting:
            with patient(patience):
                log_in(Full(10**6))
        else:
            log_in(Full(10**6))


def test_a_mark_that_cannot_be_left_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with patient(Patience(lambda: None, mark=tmp_path / "file" / "scarce", wait_s=60)):
        assert Refusals().try_again()
