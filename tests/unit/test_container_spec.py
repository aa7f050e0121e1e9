"""What a container is made from: its configuration's digest, its image, what the settings say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from iris_devtools.admin.courier import SharedDirectory
from iris_devtools.config import load_settings
from iris_devtools.errors import ConfigurationError, ServerStartError
from iris_devtools.servers.container import IRISContainer
from iris_devtools.servers.container.managed import container_of
from iris_devtools.servers.container.spec import ContainerSpec
from iris_devtools.servers.editions import default_image, image_of, platform_of


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("merge.cpf", "iris.key"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(
        """
        [tool.iris-devtools]
        server = "container"
        image = "my/iris:1"
        license_key = "iris.key"
        merge_file = "merge.cpf"
        after_start = "true"
        durable = "kept"
        container_memory = "2g"
        container_cpus = 1.5
        container_port = 1999
        container_platform = "linux/arm64"
        container_volumes = ["./data:/data:ro", "named:/named"]
        container_share = true
        [tool.iris-devtools.container_environment]
        TZ = "Europe/Berlin"
        """,
        encoding="utf-8",
    )
    return tmp_path


def test_every_setting_of_a_container_reaches_its_specification(project: Path) -> None:
    spec = container_of(load_settings(project, environ={})).spec

    assert spec == ContainerSpec(
        image="my/iris:1",
        license_key=project / "iris.key",
        environment={"TZ": "Europe/Berlin"},
        volumes=(f"{project}/data:/data:ro", "named:/named"),
        merge_file=project / "merge.cpf",
        after="true",
        durable="kept",
        memory="2g",
        cpus=1.5,
        port=1999,
        platform="linux/arm64",
        share=True,
    )


@pytest.mark.parametrize(
    "change",
    [
        {"image": "my/iris:2"},
        {"license_key": None},
        {"environment": {"TZ": "UTC"}},
        {"volumes": ("named:/elsewhere",)},
        {"merge_file": None},
        {"after": None},
        {"durable": None},
        {"memory": "3g"},
        {"cpus": 2.0},
        {"port": 0},
        {"platform": None},
        {"share": False},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_change_of_any_part_makes_another_container(project: Path, change: dict[str, Any]) -> None:
    spec = container_of(load_settings(project, environ={})).spec

    assert replace(spec).digest == spec.digest
    assert replace(spec, **change).digest != spec.digest


@pytest.mark.parametrize("name", ["merge.cpf", "iris.key"])
def test_a_file_counts_with_its_contents(project: Path, name: str) -> None:
    before = container_of(load_settings(project, environ={})).spec.digest
    (project / name).write_text("something else", encoding="utf-8")

    assert container_of(load_settings(project, environ={})).spec.digest != before


def test_a_file_that_is_not_there_is_named_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="merge_file"):
        ContainerSpec("my/iris:1", merge_file=tmp_path / "none.cpf")


def test_variables_and_volumes_come_from_the_environment_too(tmp_path: Path) -> None:
    environ = {
        "IRIS_DEVTOOLS_CONTAINER_ENVIRONMENT": '{"A": "b"}',
        "IRIS_DEVTOOLS_CONTAINER_VOLUMES": "one:/one, /two:/two:ro",
    }

    settings = load_settings(tmp_path, environ=environ)

    assert settings.container_environment == {"A": "b"}
    assert settings.container_volumes == ("one:/one", "/two:/two:ro")


@pytest.mark.parametrize("volume", ["nothing", "source:relative", ":/target", "a:/b:ro:more"])
def test_a_volume_that_says_not_what_and_where_is_refused(tmp_path: Path, volume: str) -> None:
    with pytest.raises(ConfigurationError, match="container_volumes"):
        load_settings(tmp_path, environ={}, container_volumes=(volume,))


def test_what_variables_hold_is_not_printed(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, environ={}, container_environment={"TOKEN": "s3cret"})

    shown = {each.name: each.value for each in settings.settings()}["container_environment"]
    assert shown == "TOKEN=***"


class TestImage:
    @pytest.mark.parametrize("machine", ["x86_64", "aarch64", "arm64"])
    def test_the_newest_image_is_one_for_every_machine(self, machine: str) -> None:
        assert default_image("community", machine=machine) == "intersystems/iris-community:latest-em"

    @pytest.mark.parametrize(
        ("machine", "name"),
        [
            ("x86_64", "iris-community"),
            ("aarch64", "iris-community-arm64"),
            ("ARM64", "iris-community-arm64"),
        ],
    )
    def test_an_early_version_has_an_image_for_each_machine(self, machine: str, name: str) -> None:
        assert default_image("community", tag="2022.1.0.209.0", machine=machine).endswith(
            f"/{name}:2022.1.0.209.0"
        )
        assert default_image("community", tag="2025.1", machine=machine).endswith("/iris-community:2025.1")

    def test_edition_and_version_make_the_name_unless_it_is_given(self, tmp_path: Path) -> None:
        settings = load_settings(tmp_path, environ={}, edition="enterprise", image_tag="2025.1")
        named = load_settings(tmp_path, environ={}, image="my/iris:1", image_tag="2025.1")

        assert image_of(settings) == "containers.intersystems.com/intersystems/iris:2025.1"
        assert image_of(named) == "my/iris:1"

    def test_the_platform_is_the_engines_own_unless_something_says_otherwise(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("DOCKER_DEFAULT_PLATFORM", raising=False)
        plain = load_settings(tmp_path, environ={})
        said = load_settings(tmp_path, environ={}, container_platform="linux/arm64")
        assert (platform_of(plain), platform_of(said)) == (None, "linux/arm64")

        monkeypatch.setenv("DOCKER_DEFAULT_PLATFORM", "linux/amd64")

        assert (platform_of(plain), platform_of(said)) == ("linux/amd64", "linux/arm64")


class TestSharedDirectory:
    def test_a_path_in_it_is_found_here(self, tmp_path: Path) -> None:
        shared = SharedDirectory("/shared/", tmp_path)

        assert shared.find("/shared/a/b.DAT") == tmp_path / "a" / "b.DAT"

    @pytest.mark.parametrize("path", ["/shared/", "/sharedmore/x", "/elsewhere/x", "/shared/../etc/passwd"])
    def test_any_other_path_is_not(self, tmp_path: Path, path: str) -> None:
        assert SharedDirectory("/shared/", tmp_path).find(path) is None


class TestLicenceKey:
    @pytest.fixture
    def home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.delenv("IRIS_LICENSE_KEY", raising=False)
        (tmp_path / ".iris").mkdir()
        return tmp_path

    def test_it_is_looked_for_in_the_environment_and_then_at_home(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (home / ".iris" / "iris.key").write_text("at home", encoding="utf-8")
        (home / "named.key").write_text("named", encoding="utf-8")

        at_home = IRISContainer.enterprise().spec.license_key
        monkeypatch.setenv("IRIS_LICENSE_KEY", "~/named.key")
        named = IRISContainer.enterprise().spec.license_key
        given = IRISContainer.enterprise(license_key=home / ".iris" / "iris.key").spec.license_key

        assert (at_home, named, given) == (
            home / ".iris" / "iris.key",
            home / "named.key",
            home / ".iris" / "iris.key",
        )

    def test_without_one_the_enterprise_edition_says_where_it_looked(self, home: Path) -> None:
        with pytest.raises(ServerStartError, match="IRIS_LICENSE_KEY"):
            IRISContainer.enterprise()

    def test_it_is_mounted_where_the_server_reads_it(self, home: Path) -> None:
        key = home / "iris.key"
        key.write_text("key", encoding="utf-8")

        plain = ContainerSpec("my/iris:1", license_key=key)
        durable = ContainerSpec("my/iris:1", license_key=key, durable="kept")

        assert plain.binds() == [f"{key}:/usr/irissys/mgr/iris.key:ro"]
        assert plain.command() == []
        assert durable.binds() == [f"{key}:/iris-key/iris.key:ro", "kept:/durable"]
        assert durable.command() == ["--key", "/iris-key/iris.key"]
