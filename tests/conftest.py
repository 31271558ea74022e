"""What every test leaves behind."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def _no_log_of_another_test() -> Iterator[None]:
    """A verb that runs inside a test sets up logs for the whole process."""
    yield
    structlog.reset_defaults()
