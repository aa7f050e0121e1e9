"""What an administrator does over the wire: databases, files, namespaces, processes."""

from __future__ import annotations

from iris_devtools.admin.connection import Admin
from iris_devtools.admin.databases import DATABASE_FILE, Database
from iris_devtools.admin.files import Transfer
from iris_devtools.admin.processes import Process
from iris_devtools.admin.version import ServerVersion

__all__ = ["DATABASE_FILE", "Admin", "Database", "Process", "ServerVersion", "Transfer"]
