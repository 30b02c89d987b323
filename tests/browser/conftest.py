"""One stage for the whole run: the channel, its service and the browser start once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from tests.browser.evening import live_an_evening
from tests.browser.stage import CHROMIUM, Stage, open_stage

_WITHIN_S = 600
_NEEDED = "Debian's Chromium is not installed: apt-get install --no-install-recommends chromium"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where there is no browser, these tests say so; where there is one, they are slow."""
    for item in items:
        if Path(__file__).parent not in item.path.parents:
            continue
        item.add_marker(pytest.mark.slow)
        # Whichever test comes first waits for the stage, and maybe for the evening, as well.
        item.add_marker(pytest.mark.timeout(_WITHIN_S))
        if not Path(CHROMIUM).exists():
            item.add_marker(pytest.mark.skip(reason=_NEEDED))


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The running channel; its loop lives in a thread, and `on_stage` takes tests there.

    An asynchronous fixture of the session would hold its loop for the whole run, and the tests on
    virtual time would get that one.
    """
    opened = open_stage(tmp_path_factory.mktemp("stage"), hurried=True)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(opened) as running:
        running.portal = portal
        yield running


@pytest.fixture(scope="session")
def evening(stage: Stage) -> None:
    """The channel has seen something."""
    stage.portal.call(live_an_evening, stage)
