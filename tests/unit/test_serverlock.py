"""What a server bears only once at a time is done by one process after the other."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from iris_devtools.errors import StoreError
from iris_devtools.progress import Reporter, Step
from iris_devtools.snapshots.serverlock import server_lock


def admin(port: int = 1972) -> SimpleNamespace:
    server = SimpleNamespace(host="127.0.0.1", port=port)
    return SimpleNamespace(server=server, rest=lambda: None)


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


class Waiting(Reporter):
    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.waits = threading.Event()

    def step(self, description, *, total=None, unit=""):
        self.reasons.append(description)
        self.waits.set()
        return super()._step(Step(description, total, unit))


def test_the_second_waits_for_the_first_and_says_so():
    waiting = Waiting()
    entered = threading.Event()

    def second() -> None:
        with server_lock(admin(), "namespaces", reporter=waiting):
            entered.set()

    with server_lock(admin(), "namespaces"):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.waits.wait(30)
        assert not entered.is_set()
    thread.join(30)

    assert entered.is_set()
    assert len(waiting.reasons) == 1
    assert "127.0.0.1:1972: namespaces" in waiting.reasons[0]


def test_another_server_or_another_matter_does_not_wait():
    waiting = Waiting()
    with (
        server_lock(admin(), "namespaces"),
        server_lock(admin(), "stage a", reporter=waiting),
        server_lock(admin(1973), "namespaces", reporter=waiting),
    ):
        pass

    assert waiting.reasons == []


def test_a_directory_that_cannot_be_written_is_an_error_with_a_remedy(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))

    with pytest.raises(StoreError, match="Cannot lock") as caught, server_lock(admin(), "namespaces"):
        pass

    assert "TMPDIR" in caught.value.hint
