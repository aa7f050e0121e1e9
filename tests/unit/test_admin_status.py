"""What a server means, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pytest

from iris_devtools.admin.databases import as_directory
from iris_devtools.admin.driver import connection_error
from iris_devtools.admin.files import _as_hexadecimal
from iris_devtools.admin.namespaces import check_namespace_name
from iris_devtools.admin.status import administration_error, is_ok, remedy, status_codes
from iris_devtools.admin.version import ServerVersion
from iris_devtools.errors import (
    AdministrationError,
    AuthenticationError,
    ConfigurationError,
    ServerConnectionError,
    ServerError,
)


@dataclass(frozen=True)
class _Target:
    host: str = "db.example"
    port: int = 1972
    username: str = "_SYSTEM"
    password: str = field(default="s3cret", repr=False)
    local_files: bool = False
    courier: None = None


class TestStatus:
    @pytest.mark.parametrize("status", [1, "1", True])
    def test_one_is_success(self, status: object) -> None:
        assert is_ok(status)

    @pytest.mark.parametrize("status", [0, "0", "0 \x05\x01abc", None, "", 2, "10"])
    def test_all_else_is_failure(self, status: object) -> None:
        assert not is_ok(status)

    def test_numbers_are_read_in_order(self) -> None:
        assert status_codes("ERROR #5001: x\n  > ERROR #28: y") == (5001, 28)
        assert status_codes("<DIRECTORY>zLoad") == ()

    @pytest.mark.parametrize(
        ("text", "part"),
        [
            ("ERROR #28: Database is in transition", "try again"),
            ("ERROR #76: Permission to access file denied", "51773"),
            ("ERROR #66: The resource name is not known", "%DB_"),
            ("ERROR #429: Database is used by namespace", "delete that namespace"),
            ("ERROR #5001: outer > ERROR #37: Database is mounted elsewhere", "iris.lck"),
            ("<DIRECTORY>Logon+58^%SYS.DBSRV.1 */usr/irissys/mgr/x/", "is it mounted"),
            ("<NAMESPACE>Logon+1^%SYS.DBSRV.1", "no such namespace"),
            ("<CLASS DOES NOT EXIST> *Foo.Bar", "no such class"),
        ],
    )
    def test_a_known_text_has_a_remedy(self, text: str, part: str) -> None:
        assert part in remedy(text)

    def test_an_unknown_text_has_none(self) -> None:
        assert remedy("ERROR #9999: Something new") == ""

    def test_an_error_says_what_was_wanted_and_answered_and_where(self) -> None:
        error = administration_error(
            "mount /x/", "ERROR #28: Database is\r\nin transition", call='SYS.Database.MountDatabase("/x/")'
        )

        assert error.message == "Cannot mount /x/: ERROR #28: Database is in transition"
        assert error.facts == {
            "call": 'SYS.Database.MountDatabase("/x/")',
            "status": "ERROR #28: Database is in transition",
            "code": 28,
        }


_REFUSED = (
    "<COMMUNICATION LINK ERROR> Failed to connect to server; Details: "
    "<COMMUNICATION ERROR> Invalid Message received; Details: "
)
_LINK = "<COMMUNICATION LINK ERROR> Failed to connect to server; Details: "


class TestLogin:
    @pytest.mark.parametrize(
        ("text", "kind", "part"),
        [
            (_REFUSED + "Access Denied", AuthenticationError, "refused the user '_SYSTEM'"),
            (
                _REFUSED + "[SQLCODE: <-402>:<Invalid Username/Password>]",
                AuthenticationError,
                "refused the user",
            ),
            (
                _REFUSED + "Password change required / Access Denied",
                AuthenticationError,
                "change the password",
            ),
            (
                _REFUSED + "[SQLCODE: <-853>:<User X is required to change password before login>]",
                AuthenticationError,
                "change the password",
            ),
            (_REFUSED + "<LICENSE LIMIT EXCEEDED>", ServerConnectionError, "no licence unit"),
            (
                _REFUSED + "<DIRECTORY>Logon+58^%SYS.DBSRV.1 */m/app/",
                AdministrationError,
                "enter the namespace APP",
            ),
            (_REFUSED + "<NAMESPACE>Logon+58^%SYS.DBSRV.1", AdministrationError, "enter the namespace APP"),
            (_LINK + "Error code: -1 Error message: ", ServerConnectionError, "nobody answers there"),
            (
                _LINK + "Error code: -2 Error message: getaddrinfo(db.example, 1972, 0, 0) failed",
                ServerConnectionError,
                "host name 'db.example' is not known",
            ),
            (
                _LINK + "<COMMUNICATION LINK ERROR> Failed to receive message; Details: Error code: 110 "
                "Error message: Communication timed out",
                ServerConnectionError,
                "did not finish the login within 3 s",
            ),
            (
                _LINK + "<COMMUNICATION ERROR> Message out of order; Details: Invalid Message Sequence "
                "Number",
                ServerConnectionError,
                "does not speak the protocol",
            ),
            (
                _LINK + "<SUPPORT ERROR> connection failed: IRIS xDBC protocol is not compatible",
                ServerConnectionError,
                "does not speak the protocol",
            ),
        ],
    )
    def test_each_way_to_fail_has_its_class_and_its_words(
        self, text: str, kind: type[ServerError], part: str
    ) -> None:
        error = connection_error(text, _Target(), "APP", timeout_s=3.0)

        assert type(error) is kind
        assert part in error.message
        assert error.hint
        assert error.facts["host"] == "db.example"
        assert "s3cret" not in f"{error} {error.facts} {error!r}"


class TestVersion:
    def test_iris_is_named_by_its_release(self) -> None:
        version = ServerVersion(
            "IRIS for UNIX (Ubuntu Server LTS for x86-64 Containers) 2025.1 (Build 223U) Tue Mar 11 2025",
            "2025.1.0.223.0",
        )

        assert version.engine == "iris-2025.1"
        assert not version.is_standin

    def test_the_text_serves_where_the_number_says_nothing(self) -> None:
        assert ServerVersion("IRIS for UNIX (x) 2023.2 (Build 227U)", "").engine == "iris-2023.2"

    def test_the_stand_in_is_named_by_its_file_format(self) -> None:
        version = ServerVersion(
            "IRIS-devtools stand-in for UNIX (SQLite 3.45.1) 2025.1 (Build standin-3)", "2025.1.0.223.0"
        )

        assert version.engine == "standin-3"
        assert version.is_standin


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/m/app", "/m/app/"), ("/m/app/", "/m/app/"), (r"C:\m\app", "C:\\m\\app\\"), ("C:\\m\\", "C:\\m\\")],
)
def test_a_directory_ends_with_the_separator(path: str, expected: str) -> None:
    assert as_directory(path) == expected


@pytest.mark.parametrize(
    "answer",
    ["ab" * 32, "AB" * 32, "\xab" * 32, b"\xab" * 32, "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s="],
)
def test_a_sha256_is_read_in_every_form(answer: object) -> None:
    assert _as_hexadecimal(answer) == "ab" * 32


@pytest.mark.parametrize("answer", [None, "", "0", "not a hash", "zz" * 32])
def test_what_is_no_sha256_is_none(answer: object) -> None:
    assert _as_hexadecimal(answer) is None


@pytest.mark.parametrize("name", ["APP", "app_1", "A", "x" * 63])
def test_a_namespace_name_is_kept_in_upper_case(name: str) -> None:
    assert check_namespace_name(name) == name.upper()


@pytest.mark.parametrize("name", ["", "1A", "_A", "A-B", "A#", "%SYS", "A B", "A" * 64, "ä", 'X"'])
def test_what_cannot_name_a_namespace_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(repr(name))):
        check_namespace_name(name)
