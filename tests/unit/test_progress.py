"""Progress for long work, silent when nobody looks."""

from __future__ import annotations

import io
import re

import pytest

from iris_devtools.progress import SILENT, LineReporter, RichReporter, reporter_for


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_silent_reporter_counts_all_the_same() -> None:
    with SILENT.step("Copying", total=10) as step:
        step.advance(3)
        step.update(7)

    assert (step.description, step.done, step.total) == ("Copying", 7, 10)


def test_a_log_gets_one_line_a_step() -> None:
    stream = io.StringIO()

    with LineReporter(stream).step("Copying IRIS.DAT"):
        pass

    assert re.fullmatch(r"Copying IRIS\.DAT \.\.\. done \(\d+\.\d\d s\)\n", stream.getvalue())


def test_a_step_that_raises_is_reported_as_failed() -> None:
    stream = io.StringIO()

    with pytest.raises(OSError, match="disk"), LineReporter(stream).step("Copying"):
        raise OSError("disk")

    assert stream.getvalue() == "Copying ... FAILED\n"


def test_a_terminal_gets_a_bar() -> None:
    stream = _Terminal()

    with RichReporter(stream).step("Copying", total=2_000_000, unit="bytes") as step:
        step.advance(2_000_000)

    assert step.done == 2_000_000
    assert "Copying" in stream.getvalue()
    assert "2.0/2.0 MB" in stream.getvalue()


def test_a_terminal_gets_a_spinner_when_the_end_is_unknown() -> None:
    stream = _Terminal()

    with RichReporter(stream).step("Waiting"):
        pass

    assert "Waiting" in stream.getvalue()


def test_the_stream_decides() -> None:
    assert isinstance(reporter_for(_Terminal()), RichReporter)
    assert isinstance(reporter_for(io.StringIO()), LineReporter)
    assert reporter_for(_Terminal(), quiet=True) is SILENT
