"""What every test may rely on: logging as it was before the test, and no clock on examples."""

import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

# A busy machine makes any example slow; the limit of the whole test finds what hangs.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(autouse=True)
def untouched_logging() -> Iterator[None]:
    """A test that starts the command line configures logging for the whole process; undo that."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    configuration = structlog.get_config()
    yield
    if structlog.get_config() is not configuration:
        structlog.configure(**configuration)
    for handler in [each for each in root.handlers if each not in handlers]:
        root.removeHandler(handler)
    for handler in [each for each in handlers if each not in root.handlers]:
        root.addHandler(handler)
    root.setLevel(level)
