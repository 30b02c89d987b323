"""What is done from a page is what a PM would have done: every row of every command, both ways."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.actors.api.helpers import Api
from tests.actors.conftest import VirtualLoop
from tests.actors.pages.browser import opened, opening
from tests.actors.rows import config_rows, test_by_pm, test_every_row
from tests.actors.rows.same import (
    Seen,
    by_pm,
    differences,
    note,
    register_any_command,
    speakers,
    visitors,
)
from tests.actors.rows.walk import Row

from economy_actors.handlers.registry import COMMANDS
from economy_actors.pages.registry import PAGES
from kryten_economy.commands.grammar import parse

Open = Callable[..., AbstractAsyncContextManager[Api]]


@pytest.fixture
def anyio_backend() -> object:
    """One loop, on virtual time: many rows share a house."""
    return "asyncio", {"loop_factory": VirtualLoop}


@pytest.fixture(autouse=True)
def any_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a page here from which every command can be sent."""
    monkeypatch.setattr(PAGES, "_specs", dict(PAGES._specs))
    register_any_command()


@pytest.mark.parametrize("topic", test_by_pm.TABLES)
async def test_each_command_does_the_same_from_a_page(tmp_path: Path, topic: str) -> None:
    """Same words, same count, same bookings and accounts, same notices, one line of the audit."""

    @asynccontextmanager
    async def prepared(folder: Path, **more: Any) -> AsyncIterator[Api]:
        async with test_by_pm.prepared(folder, topic, **more) as it:
            yield it

    await _both_ways(tmp_path, test_by_pm.TABLES[topic], prepared)


@pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=False)
async def test_the_configuration_is_read_the_same_from_a_page(tmp_path: Path) -> None:
    """The file is read in a thread, so this one runs on real time."""
    await _both_ways(tmp_path, config_rows.COMMANDS, test_every_row.with_file, is_timed=False)


async def _both_ways(
    folder: Path, rows: tuple[Row, ...], prepared: Open, *, is_timed: bool = True
) -> None:
    for name in ("pm", "page"):
        (folder / name).mkdir()
    async with prepared(folder / "pm") as it:
        pms = await note(it, rows, by_pm(it.house), is_timed=is_timed)
    made, more = opening()
    async with prepared(folder / "page", **more) as it:
        here = opened(it.house, made[0])
        async with visitors(here, speakers(rows)) as them:
            from_pages = await note(it, rows, them.say, is_timed=is_timed)
    assert not (found := differences(from_pages, pms, is_timed=is_timed)), "\n".join(found)
    for seen, origin in ((pms, "pm"), (from_pages, "page")):
        assert {each for one in seen for each in one.origins} <= {origin}
        assert [one.step for one in seen if not _is_one_line(one)] == []


def _is_one_line(seen: Seen) -> bool:
    """Whether there is one line of what an admin has asked for, and one at most of all else."""
    who, _, text = seen.step.partition(": ")
    parsed = parse(text)
    assert parsed is not None
    spec = COMMANDS.find(parsed.word)
    if spec is None or not spec.admin:
        # An answer to a question, or what decides over other people's money, may be one too.
        return len(seen.audit) <= 1
    return len(seen.audit) == (who == "Boss" and not spec.is_about_another(parsed))
