"""``iris-devtools config`` as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


def _run(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("IRIS_")}
    return subprocess.run(
        [sys.executable, "-m", "iris_devtools.cli", "config", *arguments],
        cwd=cwd,
        env={**clean, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_setting_is_shown_with_its_origin(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.iris-devtools]\nnamespace = "APP"\n', encoding="utf-8")

    ended = _run(cwd=tmp_path, IRIS_PASSWORD="s3cret")

    assert ended.returncode == 0, ended.stderr
    (line,) = [line for line in ended.stdout.splitlines() if line.strip().startswith("namespace")]
    assert "APP" in line
    assert f"[tool.iris-devtools] in {tmp_path / 'pyproject.toml'}" in line
    assert "environment IRIS_PASSWORD" in ended.stdout
    assert "s3cret" not in ended.stdout + ended.stderr


def test_json_is_for_programs(tmp_path: Path) -> None:
    ended = _run("--json", cwd=tmp_path, IRIS_DEVTOOLS_URL="iris://u:s3cret@h:1973/APP")

    shown = json.loads(ended.stdout)
    assert shown["root"] == str(tmp_path)
    assert shown["settings"]["port"]["value"] == 1973
    assert shown["settings"]["port"]["origin"] == "environment IRIS_DEVTOOLS_URL"
    assert shown["settings"]["password"]["value"] == "***"
    assert "s3cret" not in ended.stdout


def test_a_mistake_is_one_line_and_a_hint_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.iris-devtools]\nprot = 1972\n", encoding="utf-8")

    ended = _run(cwd=tmp_path)

    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "There is no setting 'prot'" in ended.stderr
    assert "Did you mean 'port'?" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_another_project_can_be_asked_about(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text("[tool.iris-devtools]\nport = 1\n", encoding="utf-8")

    ended = _run("--json", "--project", str(project), cwd=tmp_path)

    assert json.loads(ended.stdout)["settings"]["port"]["value"] == 1
