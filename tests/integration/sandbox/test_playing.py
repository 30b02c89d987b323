"""The demo, played by somebody at a pipe: the real service, bus and outbox, at their own pace."""

import io
import os
import re
from collections.abc import Callable
from functools import partial

import anyio
import pytest

from economy_actors.service import open_service
from economy_sandbox.demo import run_demo
from economy_sandbox.timekeeper import starter

HEIST_OVER = re.compile(r"→ Kim: (💰 The heist worked|😅 The heist broke off|🚨 The heist failed)")


async def _seen(sink: io.StringIO, wanted: Callable[[str], object], within_s: float) -> None:
    with anyio.fail_after(within_s):
        while not wanted(sink.getvalue()):  # noqa: ASYNC110 - the stream tells nobody
            await anyio.sleep(0.1)


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_the_crowd_plays_with_you() -> None:
    """A heist typed in the demo is joined and comes to its end; a prediction there is bet on."""
    read_end, write_end = os.pipe()
    sink = io.StringIO()
    show = partial(run_demo, starter(open_service), user="Kim", seed=3, speed=3.0, sink=sink)
    with os.fdopen(read_end) as source, os.fdopen(write_end, "w", buffering=1) as keyboard:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(show, source=source))
            await _seen(sink, lambda text: "→ Kim: Welcome!" in text, 60)
            keyboard.write("heist 25\n")
            keyboard.write('predict open 5 "Does it rain tonight?" yes | no\n')
            await _seen(sink, HEIST_OVER.search, 90)
            keyboard.write("predict\npredict lock\npredict settle 1\n")
            await _seen(sink, lambda text: "🔮 It is 'yes'" in text, 30)
            keyboard.write("/quit\n")
    shown = sink.getvalue()
    assert re.search(r"\(Crew of [3-9]\)", shown)
    assert "Nobody had bet" not in shown
    assert shown.endswith("Bye.\n")
