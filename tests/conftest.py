"""What every test may rely on: logging as it was before the test, and no clock on examples.

And what makes thousands of them quick: what is collected is not searched for garbage again and
again, failures on purpose are logged in plain words, book files stand in memory, and no process
that a test starts compiles what another has compiled.
"""

import gc
import logging
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

# A busy machine makes any example slow; the limit of the whole test finds what hangs.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

# The richly drawn stack of one failure takes longer than the test it is made for.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ]
)

MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a folder of the user in it
ROOM_BYTES = 4 * 2**30
"""With less the files of all tests would not fit beside what the system needs."""


def pytest_configure(config: pytest.Config) -> None:
    """Files stand where a sync costs nothing, unless told where: no test takes the power away.

    The workers have the environment of the process that starts them.
    """
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        # A hundred tests start processes; only the first of them shall compile everything.
        compiled = tempfile.mkdtemp(prefix="kryten-economy-compiled-")
        os.environ["PYTHONPYCACHEPREFIX"] = compiled
        config.add_cleanup(lambda: shutil.rmtree(compiled, ignore_errors=True))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Whatever is there once all tests are collected stays until the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each worker begins with its share of the slow ones, so that none is left alone with them.

    At first each has an equal part of the list; who is done with theirs steals from the others'
    end. A module stays with one worker, for what its tests share may take longest of all.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    slow = [item for item in items if item.get_closest_marker("slow")]
    quick = [item for item in items if not item.get_closest_marker("slow")]
    modules = list(dict.fromkeys(item.path for item in slow))
    share = -(-len(items) // workers)
    items.clear()
    for worker in range(workers):
        mine = modules[worker::workers]
        own = [item for item in slow if item.path in mine]
        rest = max(0, share - len(own))
        items += own + quick[:rest]
        del quick[:rest]
    items += quick


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
