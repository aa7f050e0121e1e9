"""``config``, ``status``, ``url`` and ``open``: what they print where there is no container."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from iris_devtools.cli import main

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in a project of its own, without a Docker engine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    (tmp_path / "pyproject.toml").write_text("[tool.iris-devtools]\n", encoding="utf-8")

    def command(*arguments: str, **settings: object) -> Result:
        variables = {f"IRIS_DEVTOOLS_{name.upper()}": str(value) for name, value in settings.items()}
        return CliRunner().invoke(main, list(arguments), env=variables)

    return command


def test_status_names_the_server_that_would_be_taken_and_why(run: Run, standin: Any, tmp_path: Path) -> None:
    done = run("status", data_directory=standin.data)
    assert done.exit_code == 0
    assert f"Stand-in at {standin.host}:{standin.port}." in done.stdout
    assert "Tests and commands take the stand-in, because no host is set and the Docker engine" in done.stdout

    told = json.loads(run("status", "--json", host="db.example", data_directory=tmp_path / "none").stdout)
    assert told["standin"] is None
    assert told["choice"] == {
        "kind": "existing",
        "what": "the existing server db.example:1972",
        "why": "because a host is set (environment IRIS_DEVTOOLS_HOST)",
    }


def test_the_url_is_that_of_the_server_in_use(run: Run, standin: Any) -> None:
    done = run("url", "-N", "APP", server="standin", data_directory=standin.data)
    assert done.stdout == f"iris://_SYSTEM:***@{standin.host}:{standin.port}/APP\n"

    done = run("url", "--with-password", host="db.example", username="u", password="s3cret", wait_s="60")
    assert done.stdout == "iris://u:s3cret@db.example:1972/USER\n"


def test_without_a_server_the_url_is_an_error_that_says_how_to_get_one(run: Run) -> None:
    for choice in ("standin", "auto"):
        done = run("url", server=choice)

        assert done.exit_code == 4
        assert done.stdout == ""
        assert "The project takes the stand-in, because" in done.stderr
        assert "none is running on" in done.stderr
        assert "iris-devtools standin --data" in done.stderr

    assert "docker info" in run("url", server="container").stderr


def test_an_existing_server_without_a_host_is_a_mistake_of_the_settings(run: Run) -> None:
    for command in ("status", "url", "doctor"):
        done = run(command, server="existing")
        assert done.exit_code != 0
        assert "no host is set" in done.output

    assert run("config", server="existing").exit_code == 0


def test_config_describes_every_setting_whatever_the_project_says(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.iris-devtools]\nsevrer = "x"\n', encoding="utf-8")
    done = run("config")
    assert done.exit_code == 2
    assert "Did you mean 'server'? `iris-devtools config --describe` lists every setting." in done.stderr

    assert "zstd level of the files in new snapshots" in run("config", "--describe").stdout
    told = json.loads(run("config", "--describe", "--json").stdout)
    assert told["port"] == {"default": 1972, "description": "its superserver port"}


def test_a_wrong_value_says_what_the_setting_means(run: Run) -> None:
    done = run("config", port="many", password="s3cret-s3cret")

    assert done.exit_code == 2
    assert "Wrong value for port (environment IRIS_DEVTOOLS_PORT)" in done.stderr
    assert "port: its superserver port." in done.stderr
    assert "s3cret" not in done.output


def test_truth_and_lists_are_shown_as_they_are_written(run: Run) -> None:
    lines = run("config", reuse="true", key_files="a/*.csv, b/*.sql").stdout.splitlines()

    shown = {words[0]: words[1:] for line in lines if (words := line.split())}
    assert shown["reuse"] == ["true", "environment", "IRIS_DEVTOOLS_REUSE"]
    assert shown["repairs"] == ["true", "default"]
    assert shown["key_files"][:2] == ["a/*.csv,", "b/*.sql"]
    assert shown["container_volumes"] == ["default"]


def test_nothing_kept_is_said(run: Run) -> None:
    done = run("open")

    assert done.exit_code == 0
    assert done.stdout == ""
    assert "--iris-keep-failed" in done.stderr


def test_every_command_has_a_line_of_help_that_is_not_cut_off(run: Run) -> None:
    assert "..." not in run("--help").stdout.partition("Commands:")[2]
