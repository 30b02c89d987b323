"""What every test may rely on: logging as it was before it, and time for random examples.

An example that takes long says that the machine is busy, not that a rule is broken.
"""

import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

settings.register_profile("economy", deadline=None)
settings.load_profile("economy")


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
