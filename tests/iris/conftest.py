"""Tests on a real IRIS server: skipped, with the reason, unless one is named, or an image to start one from.

    IRIS_DEVTOOLS_TEST_URL=iris://_SYSTEM:SYS@localhost:1972/USER pytest tests/iris
    pytest tests/iris --iris-image intersystems/iris-community:latest-em

The account needs %All. Only namespaces whose names begin with IRISDEVTOOLSTEST are made, and dropped again.
"""

from __future__ import annotations

import pytest

from iris_devtools.servers.server import Server


@pytest.fixture(scope="session")
def server(server_under_test: Server) -> Server:
    return server_under_test
