"""What is written through to the disk, and what only has to survive a killed server."""

from __future__ import annotations

from pathlib import Path

import pytest

from iris_devtools.standin.instance import Instance, Options

OFF, NORMAL = 0, 1


@pytest.mark.parametrize(("synchronous", "level"), [("NORMAL", NORMAL), ("OFF", OFF)])
def test_databases_wait_for_the_disk_as_they_were_told_and_the_server_s_own_always(
    tmp_path: Path, synchronous: str, level: int
) -> None:
    with Instance(tmp_path / "data", Options(synchronous=synchronous)) as instance:
        instance.create_sql_database("two")
        for namespace, wanted in (("USER", level), ("TWO", level), ("%SYS", NORMAL)):
            connection = instance.open_process("_SYSTEM", "SYS", namespace=namespace).lease.connection
            found = connection.execute("PRAGMA synchronous").fetchone()[0]
            assert found == wanted, namespace
        two = instance.open_process("_SYSTEM", "SYS", namespace="TWO").lease
        assert two.connection.execute(f"PRAGMA {two.code_schema}.synchronous").fetchone()[0] == level
