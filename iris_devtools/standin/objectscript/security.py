"""Security.Users, Security.Resources and SYS.Container: accounts and passwords (iris-facts 6), only in %SYS;
%SYSTEM.Security: what an account may do.
"""

# ruff: noqa: FBT001, FBT002  the order of the arguments is ObjectScript's, not ours

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from iris_devtools.standin.objectscript.convert import to_text, to_truth
from iris_devtools.standin.objectscript.definition import NOWHERE, Call, ClassDefinition, Property
from iris_devtools.standin.objectscript.files import server_path
from iris_devtools.standin.objectscript.status import OK, status_of
from iris_devtools.standin.storage.accounts import PREDEFINED, Account, with_password
from iris_devtools.standin.storage.errors import StorageError
from iris_devtools.standin.storage.permissions import may_change_directory, may_write
from iris_devtools.standin.values import Argument, ByRef, ObjectRef

__all__ = ["CLASSES"]

USERS = ClassDefinition("Security.Users", only_in="%SYS")
RESOURCES = ClassDefinition("Security.Resources", only_in="%SYS")
CONTAINER = ClassDefinition("SYS.Container", only_in="%SYS")
SECURITY = ClassDefinition("%SYSTEM.Security")
CLASSES = (USERS, RESOURCES, CONTAINER, SECURITY)

_SHORTEST_PASSWORD = 3
_LONGEST_PASSWORD = 128
"""IRIS's default pattern: 3 to 128 printable characters."""


@dataclass
class UserObject:
    """One Security.Users object: the account as it is to be after %Save()."""

    account: Account
    is_new: bool
    password: str | None = None

    def __repr__(self) -> str:
        return f"<UserObject {self.account.name}>"


def _checked_password(password: str) -> str:
    if not _SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD or not password.isprintable():
        raise StorageError(
            5001, f"Password must have {_SHORTEST_PASSWORD} to {_LONGEST_PASSWORD} printable characters"
        )
    return password


def _account(call: Call, name: str) -> Account:
    found = call.instance.configuration.account(name)
    if found is None:
        raise StorageError(5001, f"User {name} does not exist")
    return found


def _add(call: Call, account: Account, password: str) -> None:
    if not account.name or any(c in account.name for c in "@* ,"):
        raise StorageError(5001, f"'{account.name}' is no valid user name")
    if call.instance.configuration.account(account.name) is not None:
        raise StorageError(5001, f"User {account.name} already exists")
    call.instance.configuration.put_account(with_password(account, _checked_password(password)))


# ---- Security.Users


@USERS.class_method("Create", status=True, needs="%Admin_Secure")
def _create(
    call: Call,
    name: str,
    roles: ByRef = NOWHERE,
    password: str = "",
    full_name: str = "",
    namespace: str = "",
    routine: str = "",
    _expiration_date: str = "",
    change_password: bool = False,
    enabled: bool = True,
    comment: str = "",
    _flags: int = 1,
) -> None:
    """Add an account; the second argument is its roles, or an array of its properties."""
    if roles.nodes:
        account, given = _with_properties(Account(name, roles=""), roles)
        _add(call, account, given or "")
        return
    _add(
        call,
        Account(
            name,
            roles=to_text(roles.value),
            full_name=full_name,
            namespace=namespace,
            routine=routine,
            comment=comment,
            enabled=enabled,
            change_password=change_password,
        ),
        password,
    )


_TEXTS = {
    "Roles": "roles",
    "FullName": "full_name",
    "NameSpace": "namespace",
    "Routine": "routine",
    "Comment": "comment",
}
_TRUTHS = {
    "Enabled": "enabled",
    "ChangePassword": "change_password",
    "PasswordNeverExpires": "password_never_expires",
}
_PASSWORDS = ("PasswordExternal", "ExternalPassword", "Password")


def _with_properties(account: Account, properties: ByRef) -> tuple[Account, str | None]:
    """Return an account with the properties of an array, and the password in it."""
    changes: dict[str, Any] = {}
    for name, value in properties.nodes.items():
        if name in _TEXTS:
            changes[_TEXTS[name]] = to_text(value)
        elif name in _TRUTHS:
            changes[_TRUTHS[name]] = to_truth(value)
    passwords = [to_text(properties.nodes[name]) for name in _PASSWORDS if name in properties.nodes]
    return replace(account, **changes), next(filter(None, passwords), None)


@USERS.class_method("Get", status=True)
def _get(call: Call, name: str, properties: ByRef = NOWHERE) -> None:
    account = _account(call, name)
    properties.nodes.update({each: getattr(account, attribute) for each, attribute in _TEXTS.items()})
    properties.nodes.update({each: int(getattr(account, attribute)) for each, attribute in _TRUTHS.items()})
    properties.nodes["Name"] = account.name


@USERS.class_method("Modify", status=True, needs="%Admin_Secure")
def _modify(call: Call, name: str, properties: ByRef = NOWHERE) -> None:
    account, password = _with_properties(_account(call, name), properties)
    if password is not None:
        account = with_password(account, _checked_password(password))
    call.instance.configuration.put_account(account)


@USERS.class_method("Exists")
def _exists(call: Call, name: str, found: ByRef = NOWHERE, status: ByRef = NOWHERE) -> bool:
    found.value = _open_id(call, name, -1, status)
    return isinstance(found.value, ObjectRef)


@USERS.class_method("Delete", status=True, needs="%Admin_Secure")
def _delete(call: Call, name: str) -> None:
    account = _account(call, name)
    if account.name == "_SYSTEM":
        raise StorageError(5001, "User _SYSTEM cannot be deleted")
    call.instance.configuration.remove_account(account.name)


@USERS.class_method("UnExpireUserPasswords", status=True, needs="%Admin_Secure")
def _un_expire_user_passwords(call: Call, names: str = "*", count: ByRef = NOWHERE) -> None:
    accounts = call.instance.configuration.accounts()
    if names.strip() != "*":
        accounts = tuple(_account(call, name.strip()) for name in names.split(",") if name.strip())
    for account in accounts:
        call.instance.configuration.put_account(replace(account, change_password=False))
    count.value = len(accounts)


@USERS.class_method("ExpireUserPasswords", status=True, needs="%Admin_Secure")
def _expire_user_passwords(call: Call, names: str = "*", count: ByRef = NOWHERE) -> None:
    accounts = call.instance.configuration.accounts()
    if names.strip() != "*":
        accounts = tuple(_account(call, name.strip()) for name in names.split(",") if name.strip())
    for account in accounts:
        call.instance.configuration.put_account(replace(account, change_password=True))
    count.value = len(accounts)


@USERS.class_method("%New")
def _new(call: Call) -> ObjectRef:
    return call.space.hold(USERS, UserObject(Account(""), is_new=True))


@USERS.class_method("%OpenId", "Open")
def _open_id(call: Call, name: str, _concurrency: int = -1, status: ByRef = NOWHERE) -> ObjectRef | str:
    try:
        account = _account(call, name)
    except StorageError as exc:
        status.value = status_of(exc)
        return ""
    status.value = OK
    return call.space.hold(USERS, UserObject(account, is_new=False))


@USERS.class_method("%ExistsId")
def _exists_id(call: Call, name: str) -> bool:
    return call.instance.configuration.account(name) is not None


@USERS.method("%Save", status=True, needs="%Admin_Secure")
def _save(call: Call, target: UserObject) -> None:
    if target.is_new:
        _add(call, target.account, target.password or "")
        target.is_new = False
    else:
        account = target.account
        if target.password is not None:
            account = with_password(account, _checked_password(target.password))
        call.instance.configuration.put_account(account)
    target.password = None


def _account_property(name: str, attribute: str, convert: Callable[[Argument], Any]) -> None:
    def write(_call: Call, target: UserObject, value: Argument) -> None:
        changes: dict[str, Any] = {attribute: convert(value)}
        target.account = replace(target.account, **changes)

    USERS.properties[name] = Property(lambda _call, target: getattr(target.account, attribute), write)


def _write_name(_call: Call, target: UserObject, value: Argument) -> None:
    if target.is_new:
        target.account = replace(target.account, name=to_text(value))


def _write_password(_call: Call, target: UserObject, value: Argument) -> None:
    target.password = to_text(value)


USERS.properties["Name"] = Property(lambda _call, target: target.account.name, _write_name)
for _name, _attribute in _TEXTS.items():
    _account_property(_name, _attribute, to_text)
for _name, _attribute in _TRUTHS.items():
    _account_property(_name, _attribute, to_truth)
for _name in ("PasswordExternal", "ExternalPassword"):
    USERS.properties[_name] = Property(lambda _call, _target: "", _write_password)


# ---- Security.Resources


@RESOURCES.class_method("Exists")
def _resource_exists(call: Call, name: str) -> bool:
    return call.instance.configuration.knows_resource(name)


@RESOURCES.class_method("Create", status=True)
def _resource_create(
    call: Call, name: str, description: str = "", _public_permission: str = "", _kind: int = 0
) -> None:
    if not name:
        raise StorageError(5659, "Security.Resources::Name")
    if call.instance.configuration.knows_resource(name):
        raise StorageError(5001, f"Resource {name} already exists")
    call.instance.configuration.put_resource(name, description=description)


@RESOURCES.class_method("Delete", status=True)
def _resource_delete(call: Call, name: str) -> None:
    if not call.instance.configuration.knows_resource(name):
        raise StorageError(5001, f"Resource {name} does not exist")
    call.instance.configuration.remove_resource(name)


# ---- %SYSTEM.Security


@SECURITY.class_method("Check")
def _check(call: Call, resource: str, _permission: str = "") -> bool:
    return call.process.may_use(resource)


# ---- SYS.Container


@CONTAINER.class_method("ChangePassword", status=True)
def _container_change_password(call: Call, password_file: str) -> None:
    """Give all predefined accounts the password in the file, then delete the file when that is allowed.

    The change-at-first-login flag stays, as it does in IRIS's images (iris-terminal-and-image D.7).
    """
    path = server_path(call, password_file)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise StorageError(5019, password_file) from exc
    password = _checked_password(lines[0].strip() if lines else "")
    for name in PREDEFINED:
        account = call.instance.configuration.account(name)
        if account is not None:
            call.instance.configuration.put_account(with_password(account, password))
    if may_write(path) and may_change_directory(path.parent):
        path.unlink()


@CONTAINER.class_method("ForcePasswordChange", status=True)
def _container_force_password_change(call: Call) -> None:
    for name in PREDEFINED:
        account = call.instance.configuration.account(name)
        if account is not None:
            call.instance.configuration.put_account(replace(account, change_password=True))


@CONTAINER.class_method("QuiesceForBundling", status=True)
def _container_quiesce_for_bundling(_call: Call) -> None:
    """Do nothing: the files of a stand-in that is stopped afterwards are fit for an image as they are."""
