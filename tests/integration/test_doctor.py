"""``iris-devtools doctor``: what it finds, what it says to do, and how it exits."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from iris_devtools.admin import Admin
from iris_devtools.cli import checks
from iris_devtools.cli.doctor import doctor

Found = dict[str, dict[str, str]]
Doctor = Callable[..., tuple[int, Found]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """Run the command in a project of its own, without a Docker engine; return exit code and findings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    (tmp_path / "pyproject.toml").write_text("[tool.iris-devtools]\n", encoding="utf-8")

    def doctor_with(**settings: object) -> tuple[int, Found]:
        variables = {f"IRIS_DEVTOOLS_{name.upper()}": str(value) for name, value in settings.items()}
        done = CliRunner().invoke(doctor, ["--json"], env=variables)
        assert done.stderr == ""
        return done.exit_code, {each["check"]: each for each in json.loads(done.stdout)}

    return doctor_with


@pytest.fixture
def limited(standin: Any, unique: str) -> Iterator[dict[str, object]]:
    """An account without privileges, as settings."""
    with Admin.connect(standin.server) as admin:
        assert admin._link.value("Security.Users", "Create", unique, "%Developer", "s3cret-s3cret") == 1
        yield {"host": standin.host, "port": standin.port, "username": unique, "password": "s3cret-s3cret"}
        admin._link.value("Security.Users", "Delete", unique)


def test_a_sound_project_has_nothing_to_do(run: Doctor) -> None:
    code, found = run(server="standin")

    assert code == 0
    assert [each for each in found.values() if each["remedy"]] == []
    assert found["docker"]["found"].endswith(", and none is needed")
    assert found["server"]["found"].startswith("will be the stand-in, because server = 'standin'")


def test_without_an_engine_auto_is_the_stand_in_and_a_container_is_a_failure(run: Doctor) -> None:
    code, found = run()
    assert code == 0
    assert found["docker"]["state"] == "warning"
    assert found["server"]["found"].startswith("will be the stand-in, because no host is set")

    code, found = run(server="container")
    assert code == 1
    assert found["docker"]["state"] == "failed"
    assert "docker info" in found["docker"]["remedy"]


def test_an_existing_server_is_logged_in_to(run: Doctor, standin: Any) -> None:
    code, found = run(host=standin.host, port=standin.port)

    assert code == 0
    assert "lets _SYSTEM in: IRIS-devtools stand-in" in found["server"]["found"]
    assert found["password"]["state"] == found["account"]["state"] == found["units"]["state"] == "ok"
    assert found["account"]["found"].startswith("_SYSTEM has %Admin_Operate, %Admin_Manage, and writing in ")


def test_an_expired_password_is_told_from_a_wrong_one(run: Doctor, standin_factory: Any) -> None:
    fresh = standin_factory(change_password=True)

    code, found = run(host=fresh.host, port=fresh.port)
    assert code == 1
    assert found["password"]["state"] == "failed"
    assert "UnExpireUserPasswords" in found["password"]["remedy"]

    code, found = run(host=fresh.host, port=fresh.port, password="wr0ng-wr0ng")
    assert code == 1
    assert "refused the user '_SYSTEM'" in found["server"]["found"]
    assert "wr0ng" not in json.dumps(found)


def test_a_server_that_does_not_answer_is_a_failure(run: Doctor) -> None:
    code, found = run(host="127.0.0.1", port=1)

    assert code == 1
    assert found["server"]["state"] == "failed"
    assert found["server"]["remedy"]


def test_missing_privileges_are_named(run: Doctor, limited: dict[str, object]) -> None:
    code, found = run(**limited)

    assert code == 1
    assert found["server"]["state"] == "ok"
    assert "lacks %Admin_Operate:USE" in found["account"]["found"]
    assert "%Admin_Manage:USE" in found["account"]["found"]
    assert "%Manager" in found["account"]["remedy"]


def test_few_free_connections_are_noted(run: Doctor, standin_factory: Any) -> None:
    small = standin_factory(connections=3)

    code, found = run(host=small.host, port=small.port)

    assert code == 0
    assert found["units"]["state"] == "warning"
    assert found["units"]["found"] == "2 of 3 connections that the licence allows are free"


def test_a_port_that_is_taken_is_a_failure_for_a_container(run: Doctor) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        _, found = run(server="container", container_port=port)
        assert found["ports"]["state"] == "failed"
        assert found["ports"]["found"] == f"container_port {port} is taken by another program"
        assert "container_port" in found["ports"]["remedy"]

    _, found = run(server="container", container_port=port)
    assert found["ports"]["state"] == "ok"


def test_a_stand_in_without_a_place_for_its_data_is_a_failure(run: Doctor, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, found = run(server="standin", data_directory=tmp_path / "file" / "standin")

    assert code == 1
    assert "nothing can be written in" in found["server"]["found"]
    assert "the setting data_directory" in found["server"]["remedy"]


def test_a_store_that_cannot_be_written_is_a_failure(run: Doctor, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    code, found = run(server="standin", store=tmp_path / "file" / "store")

    assert code == 1
    assert "nothing can be written" in found["store"]["found"]
    assert "the setting store" in found["store"]["remedy"]


def test_the_enterprise_edition_without_a_key_is_a_failure(run: Doctor, tmp_path: Path) -> None:
    code, found = run(server="standin", edition="enterprise", license_key=tmp_path / "none.key")

    assert code == 1
    assert "none.key" in found["licence"]["found"]


def test_a_package_that_hides_the_driver_is_noted(
    run: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wrapper = ModuleType("iris")
    wrapper.__file__ = str(tmp_path / "iris" / "__init__.py")
    # What the driver itself is made of stays where it is.
    monkeypatch.setitem(sys.modules, "iris", wrapper)

    code, found = run(server="standin")

    assert code == 0
    assert found["driver"]["state"] == "warning"
    assert "hides the driver" in found["driver"]["found"]
    assert "--force-reinstall --no-deps intersystems-irispython" in found["driver"]["remedy"]


def test_a_release_that_is_not_supported_is_noted(run: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    real = checks.metadata.version
    monkeypatch.setattr(
        checks.metadata, "version", lambda name: "0.99.0" if name == "sqlalchemy-iris" else real(name)
    )

    _, found = run(server="standin")

    assert found["dialect"]["state"] == "warning"
    assert "sqlalchemy-iris 0.99.0 is not among the supported releases" in found["dialect"]["found"]


def test_a_low_disk_is_noted(run: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_LOW_BYTES", 2**62)

    code, found = run(server="standin")

    assert code == 0
    assert found["disk"]["state"] == "warning"
    assert "iris-prune" in found["disk"]["remedy"]


def test_people_read_a_line_for_each_finding_and_the_remedy_below(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")

    done = CliRunner().invoke(doctor, ["--project", str(tmp_path)], env={"IRIS_DEVTOOLS_SERVER": "container"})

    lines = done.stdout.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("FAILED docker    "))
    assert lines[at + 1].startswith(" " * 17 + "Check `docker info`.")
