import pytest

from tests.cloudmate.llm.network import loopback_only


@pytest.fixture(autouse=True)
def no_outgoing_connections():
    with loopback_only():
        yield
