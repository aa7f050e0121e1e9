"""Accounts that may not do everything: what they lack is found before any work, and named."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from iris_devtools.admin import Admin
from iris_devtools.admin.privileges import MANAGE, OPERATE
from iris_devtools.engine import create_engine
from iris_devtools.errors import AdministrationError, PrivilegeError
from iris_devtools.provision import ensure_snapshot, restore_namespace
from iris_devtools.schema import MetadataSource
from iris_devtools.servers import Server
from iris_devtools.snapshots.capture import capture
from iris_devtools.snapshots.store import Store

Account = Callable[[str], Server]


@pytest.fixture
def account(standin: Any, unique: str) -> Iterator[Account]:
    """Make an account with these roles on a server that counts as somebody else's."""
    names = []
    with Admin.connect(standin.server) as admin:

        def make(roles: str) -> Server:
            name = f"{unique}_{len(names)}"
            names.append(name)
            made = admin._link.value("Security.Users", "Create", name, roles, "s3cret-s3cret")
            assert made == 1
            return Server("existing", standin.host, standin.port, name, "s3cret-s3cret")

        yield make
        for name in names:
            admin._link.value("Security.Users", "Delete", name)


@pytest.fixture
def source() -> MetadataSource:
    metadata = sa.MetaData()
    sa.Table("shelf", metadata, sa.Column("id", sa.Integer, primary_key=True))
    return MetadataSource(metadata)


@pytest.mark.parametrize(
    ("roles", "missing"),
    [
        ("%All", ()),
        ("%Manager", ()),
        ("%Operator", (MANAGE,)),
        ("%Developer", (OPERATE, MANAGE)),
        ("", (OPERATE, MANAGE)),
    ],
)
def test_what_an_account_lacks_is_named(account: Account, roles: str, missing: tuple[str, ...]) -> None:
    with Admin.connect(account(roles)) as admin:
        assert admin.missing_privileges(OPERATE, MANAGE) == missing


def test_the_server_itself_refuses_what_the_preflight_says_it_would(account: Account, standin: Any) -> None:
    user = f"{standin.data / 'mgr' / 'user'}{os.sep}"
    with Admin.connect(account("%Developer")) as admin:
        with pytest.raises(AdministrationError, match="#921: Operation requires %Admin_Operate"):
            admin.mount(user)
        with pytest.raises(AdministrationError, match="#921: Operation requires %Admin_Manage"):
            admin.create_namespace("NOTTOBE")
        assert not admin.namespace_exists("NOTTOBE")


def test_a_build_names_everything_that_is_missing_and_changes_nothing(
    account: Account, source: MetadataSource, tmp_path: Path
) -> None:
    store = Store(tmp_path / "store")
    server = account("%Developer")

    with Admin.connect(server) as admin:
        before = admin.namespaces()
        with pytest.raises(PrivilegeError) as caught:
            ensure_snapshot(admin, source, store)
        assert admin.namespaces() == before

    assert caught.value.facts["missing"] == (OPERATE, MANAGE)
    assert "%Admin_Operate:USE to mount and dismount databases" in caught.value.message
    assert "%Admin_Manage:USE to make and drop namespaces" in caught.value.message
    assert "%Manager" in caught.value.hint
    assert "s3cret" not in str(caught.value)
    assert store.snapshots() == ()


def test_a_capture_needs_no_more_than_it_uses(
    account: Account, source: MetadataSource, tmp_path: Path, standin: Any, unique: str
) -> None:
    namespace = f"CAPT{unique}".upper()
    with Admin.connect(standin.server) as owner:
        owner.create_namespace(namespace)
    try:
        with Admin.connect(account("%Operator")) as admin:
            key = source.key(admin.engine)
            captured = capture(
                admin, namespace=namespace, store=Store(tmp_path), key=key, revision_table=None
            )
            assert captured.snapshot.manifest.files
        with Admin.connect(account("")) as admin, pytest.raises(PrivilegeError, match="%Admin_Operate:USE"):
            capture(admin, namespace=namespace, store=Store(tmp_path), key=key, revision_table=None)
    finally:
        with Admin.connect(standin.server) as owner:
            owner.drop_namespace(namespace, terminate=True)


def test_restoring_into_a_namespace_that_is_not_there_wants_the_right_to_make_it(
    account: Account, source: MetadataSource, tmp_path: Path, standin: Any, unique: str
) -> None:
    with Admin.connect(standin.server) as owner:
        snapshot = ensure_snapshot(owner, source, Store(tmp_path)).snapshot

    with Admin.connect(account("%Operator")) as admin:
        with pytest.raises(PrivilegeError, match="%Admin_Manage:USE") as caught:
            restore_namespace(admin, snapshot, namespace=f"NEW{unique}".upper())
        assert caught.value.facts["missing"] == (MANAGE,)
        assert not admin.namespace_exists(f"NEW{unique}".upper())


def test_an_account_with_both_builds_and_restores_over_the_wire(
    account: Account, source: MetadataSource, tmp_path: Path, unique: str
) -> None:
    server = account("%Manager")
    namespace = f"BOTH{unique}".upper()

    with Admin.connect(server) as admin:
        built = ensure_snapshot(admin, source, Store(tmp_path))
        restore_namespace(admin, built.snapshot, namespace=namespace)
        engine = create_engine(server.url(namespace))
        assert sa.inspect(engine).get_table_names() == ["shelf"]
        engine.dispose()
        admin.drop_namespace(namespace, terminate=True)


def test_a_manager_directory_that_cannot_be_written_is_named(
    account: Account, source: MetadataSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Admin.connect(account("%Manager")) as admin:
        monkeypatch.setattr(type(admin), "may_write_in", lambda _self, _directory: False)
        with pytest.raises(
            PrivilegeError, match=r"leave to write in .*mgr/, where the server keeps"
        ) as caught:
            ensure_snapshot(admin, source, Store(tmp_path))

    assert caught.value.facts["missing"] == (admin_directory(caught.value),)


def admin_directory(error: PrivilegeError) -> str:
    missing: tuple[str, ...] = error.facts["missing"]
    assert missing[0].endswith("mgr/")
    return missing[0]


def test_whether_a_directory_can_be_written_is_tried(account: Account, standin: Any) -> None:
    with Admin.connect(account("%Manager")) as admin:
        before = sorted((standin.data / "mgr").iterdir())
        assert admin.may_write_in(admin.manager_directory)
        assert not admin.may_write_in("/no/such/directory/")
        assert sorted((standin.data / "mgr").iterdir()) == before


def test_what_was_found_is_not_asked_again(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    with Admin.connect(account("%Manager")) as admin:
        admin.require_privileges(OPERATE)
        asked: list[str] = []
        monkeypatch.setattr(
            type(admin), "missing_privileges", lambda _self, *names: asked.extend(names) or ()
        )
        admin.require_privileges(OPERATE)
        admin.require_privileges(OPERATE, MANAGE)

    assert asked == [MANAGE]


def test_servers_of_ours_are_not_asked(standin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with Admin.connect(standin.server) as admin:
        monkeypatch.setattr(type(admin), "missing_privileges", lambda *_: pytest.fail("asked"))
        admin.require_privileges(OPERATE, MANAGE)
