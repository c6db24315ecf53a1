"""How tests are shared out among processes."""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Give all tests of the running system to one process, first of all, and any other test to any."""
    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = lambda nodeid: "system" if nodeid.startswith("tests/integration/") else nodeid
    return scheduler
