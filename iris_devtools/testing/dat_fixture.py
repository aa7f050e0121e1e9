"""Fixture directories for single tests: ``@pytest.mark.dat_fixture(path, scope=...)``."""

from __future__ import annotations

from pathlib import Path

import pytest

from iris_devtools.errors import ConfigurationError
from iris_devtools.testing.lending import Place
from iris_devtools.testing.run import TestRun

__all__ = ["loaded", "loaded_for"]

_SCOPES = {"function": None, "class": pytest.Class, "module": pytest.Module, "session": pytest.Session}
_ARGUMENTS = ("path", "scope")
_places_key = pytest.StashKey[dict[Path, Place]]()


def loaded(item: pytest.Item, run: TestRun) -> Place:
    """Return the namespace with the fixture that the item's marker names, loaded once for its scope.

    With the scope ``function`` one namespace serves all tests, restored after each of them that wrote; else
    what a test commits stays for the others of the scope, and the namespace is dropped at its end.

    Raises:
        ConfigurationError: there is no such marker, or it says something that it cannot say.
        ManifestError: there is no fixture in the directory.
        IrisDevtoolsError: the fixture cannot be loaded.
    """
    path, scope = _read(item)
    kind = _SCOPES[scope]
    node = item.session if kind is None else item.getparent(kind) or item.getparent(pytest.Module)
    assert node is not None
    places = node.stash.setdefault(_places_key, {})
    if path not in places:
        place = places[path] = run.open_place(fixture=path)

        def drop() -> None:
            del places[path]
            run.close_place(place)

        node.addfinalizer(drop)
    place = places[path]
    if kind is None:
        place.begin()
        item.addfinalizer(lambda: place.clean(proof=True) and None)
    return place


def loaded_for(item: pytest.Item) -> Place | None:
    """Return the namespace that :func:`loaded` gave an item, if it has asked for one."""
    if item.get_closest_marker("dat_fixture") is None:
        return None
    path, _ = _read(item)
    nodes = reversed(item.listchain())
    return next((found for node in nodes if (found := node.stash.get(_places_key, {}).get(path))), None)


def _read(item: pytest.Item) -> tuple[Path, str]:
    marker = item.get_closest_marker("dat_fixture")
    if marker is None:
        raise ConfigurationError(
            f"{item.nodeid} asks for a fixture directory and names none.",
            hint='Write @pytest.mark.dat_fixture("fixtures/customers") over the test.',
        )
    arguments = dict(zip(_ARGUMENTS, marker.args, strict=False)) | dict(marker.kwargs)
    path, scope = arguments.pop("path", None), arguments.pop("scope", "function")
    if path is None or arguments or scope not in _SCOPES or len(marker.args) > len(_ARGUMENTS):
        raise ConfigurationError(
            f"{item.nodeid}: cannot read its marker dat_fixture.",
            hint=f'Write @pytest.mark.dat_fixture("directory", scope="..."), one of {", ".join(_SCOPES)}.',
        )
    beside = item.path.parent / path
    return (beside if beside.is_dir() else item.config.rootpath / path).resolve(), scope
