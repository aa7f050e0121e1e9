"""The project's container: chosen by the settings, used by tests and commands, shared and kept."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from iris_devtools.admin import Admin
from iris_devtools.servers.container import IRISContainer
from iris_devtools.snapshots.key import RevisionKey

Run = Callable[..., subprocess.CompletedProcess[str]]
PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(image: str, tmp_path: Path, ours: object) -> Iterator[Path]:
    (tmp_path / "pyproject.toml").write_text(
        f'[tool.iris-devtools]\nserver = "container"\nimage = "{image}"\nisolation = "rollback"\n',
        encoding="utf-8",
    )
    yield tmp_path


@pytest.fixture
def run(project: Path) -> Run:
    """Run a command in the project's directory."""

    def start(*command: str, check: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=project,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    return start


def test_up_status_url_exec_logs_and_down(run: Run, ours: Callable[[], list[Any]]) -> None:
    cli = "iris_devtools.cli"
    name = json.loads(run(cli, "up", "--json").stdout)["name"]

    assert json.loads(run(cli, "up", "--json").stdout)["name"] == name
    (shown,) = json.loads(run(cli, "status", "--json").stdout)["containers"]
    assert (shown["name"], shown["state"], shown["reuse"]) == (name, "running", True)
    hidden, whole = run(cli, "url").stdout, run(cli, "url", "--with-password", "-N", "APP").stdout
    assert ":***@" in hidden
    assert whole.startswith("iris://iris_devtools_")
    assert whole.endswith("/APP\n")
    assert "Enabling logons" in run(cli, "logs").stdout
    assert run(cli, "exec", "sh", "-c", "echo out; exit 3", check=False).returncode == 3
    run(cli, "down")
    assert ours() == []
    assert "No container of" in run(cli, "url", check=False).stderr


def test_what_up_started_is_used_and_left_by_a_program_of_the_project(
    run: Run, ours: Callable[[], list[Any]]
) -> None:
    name = json.loads(run("iris_devtools.cli", "up", "--json").stdout)["name"]
    code = (
        "from iris_devtools import choose_server, load_settings; print(choose_server(load_settings()).reason)"
    )
    (Path(ours()[0].labels["org.iris-devtools.project"]) / "program.py").write_text(code, encoding="utf-8")

    done = run("program")

    assert name in done.stdout
    assert [each.name for each in ours()] == [name]


def test_auto_takes_a_container_when_its_image_is_here(
    run: Run, project: Path, ours: Callable[[], list[Any]]
) -> None:
    code = (
        "from iris_devtools import choose_server, load_settings; print(choose_server(load_settings()).reason)"
    )
    (project / "program.py").write_text(code, encoding="utf-8")

    done = run("program", IRIS_DEVTOOLS_SERVER="auto")

    assert done.stdout.startswith("container iris-devtools-")
    assert "because no host is set and a Docker engine offers" in done.stdout
    assert ours() == []


def test_doctor_finds_engine_and_image(run: Run) -> None:
    found = {each["check"]: each for each in json.loads(run("iris_devtools.cli", "doctor", "--json").stdout)}

    assert found["docker"]["state"] == found["image"]["state"] == "ok"


def test_doctor_says_what_to_do_when_there_is_no_engine(run: Run) -> None:
    done = run("iris_devtools.cli", "doctor", check=False, DOCKER_HOST="unix:///nowhere.sock")

    assert done.returncode == 1
    assert "FAILED docker" in done.stdout
    assert "standin" in done.stdout


def test_a_test_run_with_workers_shares_one_container_and_ends_it(
    run: Run, project: Path, ours: Callable[[], list[Any]]
) -> None:
    shutil.copytree(PROJECT / "tests" / "examples" / "library", project, dirs_exist_ok=True)
    seen = project / "seen"
    seen.mkdir()
    (project / "test_workers.py").write_text(
        "import os, pathlib, pytest, uuid\n"
        "@pytest.mark.parametrize('n', range(4))\n"
        "def test_it(iris_server, n):\n"
        "    assert iris_server.kind == 'container'\n"
        "    (pathlib.Path(os.environ['SEEN']) / uuid.uuid4().hex).write_text(str(iris_server.port))\n",
        encoding="utf-8",
    )

    done = run("pytest", "-q", "-n", "2", "test_workers.py", SEEN=str(seen))

    assert "4 passed" in done.stdout
    assert len({path.read_text() for path in seen.iterdir()}) == 1
    assert ours() == []


def test_a_test_has_a_container_for_itself(run: Run, project: Path, ours: Callable[[], list[Any]]) -> None:
    shutil.copytree(PROJECT / "tests" / "examples" / "library", project, dirs_exist_ok=True)
    (project / "test_alone.py").write_text(
        "import pytest\n"
        "from library_models import Author\n"
        "@pytest.mark.iris(isolation='container')\n"
        "def test_it(iris_session, iris_admin, iris_server, iris_url):\n"
        "    assert iris_url.port != iris_server.port\n"
        "    iris_admin.create_namespace('MINE')\n"
        "    iris_session.add(Author(name='Ada'))\n"
        "    iris_session.commit()\n"
        "def test_others(iris_session, iris_admin):\n"
        "    assert 'MINE' not in iris_admin.namespaces()\n"
        "    assert iris_session.query(Author).count() == 0\n",
        encoding="utf-8",
    )

    done = run("pytest", "-q", "-o", "pythonpath=.", "test_alone.py")

    assert "2 passed" in done.stdout
    assert ours() == []


def test_a_snapshot_is_taken_and_restored_over_the_wire(iris: IRISContainer, tmp_path: Path) -> None:
    from iris_devtools.engine import create_engine
    from iris_devtools.provision import restore_namespace
    from iris_devtools.snapshots.capture import capture
    from iris_devtools.snapshots.store import Store

    with Admin.connect(iris.server) as admin:
        admin.create_namespace("SNAP")
        engine = create_engine(iris.url("SNAP"))
        try:
            with engine.begin() as connection:
                connection.exec_driver_sql("CREATE TABLE T (A INTEGER)")
                connection.exec_driver_sql("INSERT INTO T VALUES (41)")
            engine.dispose()
            key = RevisionKey(revisions=("r1",), digest="d" * 64, engine=admin.engine)
            taken = capture(admin, namespace="SNAP", store=Store(tmp_path / "store"), key=key).snapshot
            with engine.begin() as connection:
                connection.exec_driver_sql("DELETE FROM T")
            engine.dispose()

            restore_namespace(admin, taken, namespace="SNAP", thoroughness="nothing")

            with engine.connect() as connection:
                assert connection.exec_driver_sql("SELECT A FROM T").scalar() == 41
        finally:
            engine.dispose()
            admin.drop_namespace("SNAP", terminate=True)


def test_a_shared_directory_saves_the_transfer_and_goes_with_the_container(
    image: str, tmp_path: Path, ours: Callable[[], list[Any]]
) -> None:
    from iris_devtools.provision import restore_namespace
    from iris_devtools.snapshots.capture import capture
    from iris_devtools.snapshots.store import Store

    container = IRISContainer.image(image, share=True, project=tmp_path, directory=tmp_path / "state")
    with container as iris, Admin.connect(iris.server) as admin:
        courier = iris.server.courier
        assert courier is not None
        shared = courier.shared
        assert shared is not None
        assert shared.local.is_relative_to(tmp_path / "state")
        assert shared.local.parent.stat().st_mode & 0o077 == 0, "for nobody else"
        admin.create_namespace("SNAP")
        key = RevisionKey(revisions=("r1",), digest="d" * 64, engine=admin.engine)
        taken = capture(admin, namespace="SNAP", store=Store(tmp_path / "store"), key=key).snapshot

        restore_namespace(admin, taken, namespace="SNAP", thoroughness="nothing")

        (staged,) = shared.local.glob("*.DAT")
        (file,) = taken.manifest.files
        assert staged.stat().st_size == file.size == admin.file_size(shared.remote + staged.name)
        assert [path.name for path in shared.local.iterdir()] == [staged.name]
    assert not shared.local.exists()
    assert ours() == []


def test_a_shared_directory_that_the_container_cannot_see_is_not_used(
    image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from iris_devtools.servers.container.keep import Keep

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    make = Keep.share

    def share(keep: Keep) -> Path:
        # As in a container that talks to its host's engine: the engine finds another directory by that path.
        make(keep)
        return elsewhere

    monkeypatch.setattr(Keep, "share", share)
    (tmp_path / "there").write_bytes(os.urandom(33_000_000))

    with (
        IRISContainer.image(image, share=True, project=tmp_path, directory=tmp_path / "state") as iris,
        Admin.connect(iris.server) as admin,
    ):
        assert admin.shared_directory is None
        admin.upload(tmp_path / "there", "/home/irisowner/there")


def test_variables_and_volumes_of_the_settings_are_in_the_container(
    run: Run, project: Path, ours: Callable[[], list[Any]]
) -> None:
    (project / "data").mkdir()
    (project / "data" / "hello").write_text("hello", encoding="utf-8")
    with (project / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(
            'container-volumes = ["./data:/data:ro"]\ncontainer-memory = "1g"\ncontainer-cpus = 0.9\n'
            '[tool.iris-devtools.container-environment]\nGREETING = "good day"\n'
        )
    cli = "iris_devtools.cli"
    run(cli, "up")

    assert run(cli, "exec", "sh", "-c", 'echo "$GREETING"; cat /data/hello').stdout == "good day\nhello"
    assert run(cli, "exec", "touch", "/data/x", check=False).returncode != 0
    (container,) = ours()
    limits = container.attrs["HostConfig"]
    assert (limits["Memory"], limits["NanoCpus"]) == (1 << 30, 900_000_000)
    run(cli, "down")
