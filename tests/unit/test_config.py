"""Settings, and where each value came from."""

from __future__ import annotations

from pathlib import Path

import pytest

from iris_devtools.config import Settings, find_project_root, load_settings
from iris_devtools.errors import ConfigurationError


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("[tool.iris-devtools]\n", encoding="utf-8")
    return tmp_path


def _pyproject(project: Path, text: str) -> None:
    (project / "pyproject.toml").write_text(f"[tool.iris-devtools]\n{text}\n", encoding="utf-8")


def _dotenv(project: Path, text: str) -> None:
    (project / ".env").write_text(text, encoding="utf-8")


def _load(project: Path, environ: dict[str, str] | None = None, **overrides: object) -> Settings:
    return load_settings(project, environ=environ or {}, **overrides)


class TestPrecedence:
    def test_a_project_without_settings_gets_the_defaults(self, project: Path) -> None:
        settings = _load(project)

        assert (settings.server, settings.host, settings.port) == ("auto", None, 1972)
        assert settings.namespace == "USER"
        assert settings.store == project / ".iris-snapshots"
        assert settings.data_directory == project / ".iris-devtools" / "standin"
        assert set(settings.origins.values()) == {"default"}

    @pytest.mark.parametrize("places", range(5))
    def test_the_first_place_that_has_a_value_wins(self, project: Path, places: int) -> None:
        environ: dict[str, str] = {}
        overrides: dict[str, object] = {}
        expected = ("USER", "default")
        if places >= 1:
            _pyproject(project, 'namespace = "TOML"')
            expected = ("TOML", f"[tool.iris-devtools] in {project / 'pyproject.toml'}")
        if places >= 2:
            _dotenv(project, "IRIS_DEVTOOLS_NAMESPACE=DOTENV\n")
            expected = ("DOTENV", f"{project / '.env'} IRIS_DEVTOOLS_NAMESPACE")
        if places >= 3:
            environ["IRIS_DEVTOOLS_NAMESPACE"] = "ENVIRON"
            expected = ("ENVIRON", "environment IRIS_DEVTOOLS_NAMESPACE")
        if places >= 4:
            overrides["namespace"] = "ARGUMENT"
            expected = ("ARGUMENT", "argument namespace")

        settings = _load(project, environ, **overrides)

        assert (settings.namespace, settings.origins["namespace"]) == expected

    def test_our_own_variable_goes_before_the_shared_one(self, project: Path) -> None:
        settings = _load(project, {"IRIS_HOST": "shared", "IRIS_DEVTOOLS_HOST": "own", "IRIS_PORT": "1973"})

        assert (settings.host, settings.port) == ("own", 1973)
        assert settings.origins["port"] == "environment IRIS_PORT"

    def test_an_argument_of_none_is_not_given(self, project: Path) -> None:
        assert _load(project, {"IRIS_HOST": "h"}, host=None).host == "h"

    def test_an_empty_variable_is_not_set(self, project: Path) -> None:
        assert _load(project, {"IRIS_DEVTOOLS_HOST": "", "IRIS_HOST": ""}).host is None

    def test_keys_are_written_with_either_dash(self, project: Path) -> None:
        _pyproject(project, "connect-timeout-s = 3\nwait_s = 4")

        settings = _load(project)

        assert (settings.connect_timeout_s, settings.wait_s) == (3.0, 4.0)

    def test_a_truth_value_is_read_from_a_variable(self, project: Path) -> None:
        assert _load(project, {"IRIS_DEVTOOLS_REPAIRS": "false"}).repairs is False


class TestUrl:
    def test_a_url_stands_for_its_parts(self, project: Path) -> None:
        settings = _load(project, {"IRIS_DEVTOOLS_URL": "iris://u:p%40ss@h:1973/APP"})

        assert (settings.host, settings.port, settings.namespace) == ("h", 1973, "APP")
        assert (settings.username, settings.password.get_secret_value()) == ("u", "p@ss")
        assert settings.origins["host"] == "environment IRIS_DEVTOOLS_URL"

    def test_a_part_given_beside_the_url_wins(self, project: Path) -> None:
        settings = _load(project, {"IRIS_DEVTOOLS_URL": "iris://h/APP", "IRIS_DEVTOOLS_NAMESPACE": "OTHER"})

        assert (settings.host, settings.namespace) == ("h", "OTHER")

    def test_a_url_of_a_stronger_place_wins(self, project: Path) -> None:
        _pyproject(project, 'host = "toml"\nport = 1')

        settings = _load(project, url="iris://argument/APP")

        assert (settings.host, settings.port) == ("argument", 1972)

    def test_a_managed_url_names_the_namespace_alone(self, project: Path) -> None:
        settings = _load(project, url="iris:///APP?plugin=iris-devtools")

        assert (settings.host, settings.namespace) == (None, "APP")
        assert settings.origins["port"] == "default"

    def test_a_wrong_url_names_its_place_and_hides_its_password(self, project: Path) -> None:
        with pytest.raises(ConfigurationError, match="environment IRIS_DEVTOOLS_URL") as caught:
            _load(project, {"IRIS_DEVTOOLS_URL": "mysql://u:s3cret@h/x"})

        assert "s3cret" not in str(caught.value)


class TestMistakes:
    def test_an_unknown_key_names_the_nearest_one(self, project: Path) -> None:
        _pyproject(project, 'name_space = "X"')

        with pytest.raises(ConfigurationError) as caught:
            _load(project)

        assert caught.value.facts["nearest"] == "namespace"
        assert "Did you mean 'namespace'?" in caught.value.hint
        assert str(project / "pyproject.toml") in caught.value.message

    def test_an_unknown_argument_is_refused(self, project: Path) -> None:
        with pytest.raises(ConfigurationError, match="no setting 'hots'"):
            _load(project, hots="h")

    def test_a_slip_in_a_variable_is_refused(self, project: Path) -> None:
        with pytest.raises(ConfigurationError, match="IRIS_DEVTOOLS_NAMESPCE") as caught:
            _load(project, {"IRIS_DEVTOOLS_NAMESPCE": "X"})

        assert caught.value.facts["nearest"] == "IRIS_DEVTOOLS_NAMESPACE"

    def test_the_variables_of_others_are_left_alone(self, project: Path) -> None:
        _load(project, {"IRIS_DEVTOOLS_TEST_URL": "x", "IRIS_SOMETHING": "y", "PATH": "z"})

    def test_a_wrong_value_names_its_place(self, project: Path) -> None:
        with pytest.raises(ConfigurationError, match=r"port \(environment IRIS_PORT\)"):
            _load(project, {"IRIS_PORT": "many"})

    def test_a_wrong_value_is_not_repeated(self, project: Path) -> None:
        with pytest.raises(ConfigurationError) as caught:
            _load(project, password=["s3cret"])

        assert "s3cret" not in f"{caught.value} {caught.value.facts}"

    @pytest.mark.parametrize("seed", ["app.seeds", "app.seeds:", ":fill", "app seeds:fill"])
    def test_a_seed_is_written_module_and_callable(self, project: Path, seed: str) -> None:
        with pytest.raises(ConfigurationError, match=r": must be written \"module:name\""):
            _load(project, seed=seed)

    def test_a_broken_file_is_named(self, project: Path) -> None:
        _pyproject(project, "port = = 1")

        with pytest.raises(ConfigurationError, match="Cannot read the settings in"):
            _load(project)

    def test_settings_that_are_no_table_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "pyproject.toml").write_text('[tool]\niris-devtools = "x"\n', encoding="utf-8")

        with pytest.raises(ConfigurationError, match="not a table"):
            _load(tmp_path)


class TestPlaces:
    def test_settings_are_found_from_below(self, project: Path) -> None:
        _pyproject(project, 'namespace = "APP"')
        below = project / "src" / "app"
        below.mkdir(parents=True)

        settings = _load(below)

        assert settings.root == project
        assert settings.namespace == "APP"

    def test_a_table_further_up_beats_a_nearer_project_file(self, project: Path) -> None:
        member = project / "packages" / "member"
        member.mkdir(parents=True)
        (member / "pyproject.toml").write_text("[project]\nname = 'member'\n", encoding="utf-8")

        assert find_project_root(member) == project

    def test_an_alembic_project_needs_no_pyproject(self, tmp_path: Path) -> None:
        (tmp_path / "alembic.ini").write_text("[alembic]\n", encoding="utf-8")
        (tmp_path / "migrations").mkdir()

        assert find_project_root(tmp_path / "migrations") == tmp_path
        assert find_project_root(tmp_path / "alembic.ini") == tmp_path

    def test_paths_in_files_start_at_the_root(self, project: Path) -> None:
        _pyproject(project, 'store = "fixtures"')
        _dotenv(project, "IRIS_DEVTOOLS_DATA_DIRECTORY=../elsewhere\n")

        settings = _load(project)

        assert settings.store == project / "fixtures"
        assert settings.data_directory == project / ".." / "elsewhere"

    def test_paths_of_the_shell_start_at_the_working_directory(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (project / "sub").mkdir()
        monkeypatch.chdir(project / "sub")

        settings = _load(project, {"IRIS_DEVTOOLS_STORE": "a"}, data_directory=Path("b"))

        assert settings.store == project / "sub" / "a"
        assert settings.data_directory == project / "sub" / "b"


def test_a_report_names_every_setting_and_hides_the_password(project: Path) -> None:
    settings = _load(project, {"IRIS_PASSWORD": "s3cret"})

    report = {setting.name: setting for setting in settings.settings()}

    assert set(report) == set(Settings.model_fields)
    assert all(setting.description for setting in report.values())
    assert (report["password"].value, report["password"].origin) == ("***", "environment IRIS_PASSWORD")
    assert "s3cret" not in f"{settings!r} {settings} {report}"


def test_settings_do_not_change(project: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        _load(project).port = 1  # type: ignore[misc]
