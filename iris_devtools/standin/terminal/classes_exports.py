"""%Library.Global and %SYSTEM.OBJ: globals to files and back, and classes, of which there are none."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.objectscript.convert import to_text
from iris_devtools.standin.objectscript.definition import NOWHERE, Call, ClassDefinition
from iris_devtools.standin.objectscript.files import server_path
from iris_devtools.standin.storage.errors import StorageError
from iris_devtools.standin.terminal.classes_process import OBJ
from iris_devtools.standin.terminal.databases import GlobalVariables
from iris_devtools.standin.terminal.space import space_of
from iris_devtools.standin.terminal.variables import Place, walk
from iris_devtools.standin.values import Argument, ByRef

__all__ = ["CLASSES"]

GLOBAL = ClassDefinition("%Library.Global", aliases=("%Global",))
CLASSES = (GLOBAL,)

_HEADING = "~iris-devtools stand-in: globals~"
"""First line of a file of globals. IRIS's own formats are another thing, and refused."""

_NO_CLASSES = "This server has no class compiler; classes need an IRIS server"


def _chosen(call: Call, wanted: str) -> list[str]:
    """Return the globals that a list with ``*`` and ``.gbl`` names, without ``^``."""
    patterns = [
        each.strip().removesuffix(".gbl").removesuffix(".GBL").lstrip("^") for each in wanted.split(",")
    ]
    names = sorted(space_of(call).session.global_names())
    return [name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]


def _path(call: Call, name: str) -> Path:
    if not name:
        raise StorageError(5019, name)
    return server_path(call, str(Path(space_of(call).directory) / name))


def _lines(call: Call, namespace: str, names: list[str]) -> Iterator[str]:
    store = GlobalVariables(space_of(call).session, namespace)
    yield _HEADING
    for name in names:
        for place, value in walk(Place(store, name)):
            yield json.dumps([name, list(place.subscripts), to_text(value)])


@GLOBAL.class_method("Export", status=True)
def _export(
    call: Call, namespace: str, names: str, file: str, _format: int = 7, _flags: str = "", _device: str = ""
) -> None:
    """Write globals to a file that only :func:`_import` of a stand-in reads."""
    wanted = [each for each in names.split(",") if each.strip()]
    if not wanted:
        raise StorageError(5001, "No globals are named for the export")
    path = _path(call, file)
    try:
        path.write_text("\n".join(_lines(call, namespace, _chosen(call, names))) + "\n", encoding="utf-8")
    except OSError as error:
        raise StorageError(5019, file) from error


@GLOBAL.class_method("Import", status=True)
def _import(
    call: Call, namespace: str, names: str, file: str, _format: int = 7, _flags: str = "", _device: str = ""
) -> None:
    """Set the globals of a file that an export of a stand-in wrote."""
    try:
        heading, *rest = _path(call, file).read_text(encoding="utf-8").splitlines() or [""]
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(5019, file) from error
    if heading != _HEADING:
        raise StorageError(5001, f"{file} was not exported by this kind of server")
    patterns = [each.strip().lstrip("^").removesuffix(".gbl") for each in names.split(",")]
    store = GlobalVariables(space_of(call).session, namespace)
    for line in rest:
        name, subscripts, value = json.loads(line)
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
            store.set(name, tuple(subscripts), value)


def _began(call: Call, what: str) -> None:
    space_of(call).device.write(f"\n{what} started on {datetime.now():%m/%d/%Y %H:%M:%S}\n")


def _refuse(call: Call, what: str, files: list[str], errors: ByRef) -> None:
    _began(call, what)
    missing = [name for name in files if not _exists(call, name)]
    reason = f"File '{missing[0]}' does not exist" if missing else _NO_CLASSES
    space_of(call).device.write(f"ERROR #5001: {reason}\nDetected 1 errors during {what.lower()}.\n")
    errors.value = 1
    raise StorageError(5001, reason)


def _exists(call: Call, name: str) -> bool:
    try:
        return _path(call, name).exists()
    except (StorageError, ObjectScriptError):
        return False


@OBJ.class_method("Load", "Import", status=True)
def _load(
    call: Call,
    file: str,
    _flags: str = "",
    errors: ByRef = NOWHERE,
    _loaded: ByRef = NOWHERE,
    _list_only: Argument = "",
) -> None:
    """Say that nothing was loaded: a file without classes and globals of ours is all there could be."""
    _refuse(call, "Load", [file], errors)


@OBJ.class_method("LoadDir", "ImportDir", status=True)
def _load_dir(
    call: Call,
    directory: str,
    _pattern: str = "",
    _flags: str = "",
    errors: ByRef = NOWHERE,
    _recurse: Argument = "",
    _loaded: ByRef = NOWHERE,
) -> None:
    _refuse(call, "Load", [directory], errors)


@OBJ.class_method("Compile", "CompilePackage", "CompileAll", status=True)
def _compile(call: Call, _items: str = "", _flags: str = "", errors: ByRef = NOWHERE) -> None:
    _refuse(call, "Compilation", [], errors)


@OBJ.class_method("ExportAllClasses", status=True)
def _export_all_classes(
    call: Call, file: str, _flags: str = "", errors: ByRef = NOWHERE, _charset: str = ""
) -> None:
    """Write an export without a class in it: the namespace has none."""
    _began(call, "Exporting to XML")
    try:
        _path(call, file).write_text(
            '<?xml version="1.0" encoding="UTF-8"?>\n<Export generator="IRIS" version="26"></Export>\n',
            encoding="utf-8",
        )
    except OSError as error:
        errors.value = 1
        raise StorageError(5019, file) from error
    space_of(call).device.write("Export finished successfully.\n")


@OBJ.class_method("Export", "ExportPackage", status=True)
def _export_classes(
    call: Call, items: str, _file: str = "", _flags: str = "", errors: ByRef = NOWHERE, _charset: str = ""
) -> None:
    _began(call, "Exporting to XML")
    errors.value = 1
    raise StorageError(5001, f"No items match {items!r}: {_NO_CLASSES}")


@OBJ.class_method("ShowClasses")
def _show_classes(_call: Call, _flags: str = "") -> None:
    """Write nothing: the namespace has no classes of its own."""
