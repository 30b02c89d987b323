"""What visitors of pages cost those who send PMs, and what a page of long books costs to make.

Rounds of ``balance`` take turns without visitors and with them, in the same service on the same
books. Then each page is asked for by itself; what the service burns meanwhile, by what was asked
for, is the CPU of one rendering (with the way in and out).
"""

import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Final

import anyio
import httpx
from tests.benchmarks.balance import BalanceRound, balance_round
from tests.benchmarks.child import Child, start_child
from tests.benchmarks.fill import filled_file
from tests.benchmarks.plan import Plan
from tests.benchmarks.rig import Rig, RigError, crowd, rig, wait_quiet
from tests.benchmarks.robot import OPERATOR
from tests.benchmarks.settings import free_port
from tests.benchmarks.subjects import Subject

from economy_actors.pages.app import TOPICS
from economy_actors.pages.registry import PAGES, Who
from economy_actors.pages.security import COOKIE

__all__ = ("PAGE_MS_MAX", "RATE", "SLOWDOWN_MAX", "STREAMS", "PagesResult", "pages")

STREAMS: Final = 500
RATE: Final = 50
SLOWDOWN_MAX: Final = 1.2
PAGE_MS_MAX: Final = 100.0
_LONGER: Final = 4
"""Rounds last so many times as long as others: a p99 of three seconds is that of one moment."""
_TRANSFERS_MAX: Final = 1_000_000
_TIMES: Final = 20
_OPEN_S: Final = 30.0
_OWN: Final = ("", "statement", "shop", "play")
_CODE = re.compile(r": ([0-9]{6}) \(5 minutes\)")
_TICKET = re.compile(r'name="ticket" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class PagesResult:
    """Rounds without visitors and with them in turn, and the CPU of each page by its name."""

    transfers: int
    alone: list[BalanceRound]
    visited: list[BalanceRound]
    answered: int
    refused: int
    page_ms: dict[str, float]


async def pages(plan: Plan, subject: Subject, progress: Callable[[str], None]) -> PagesResult:
    """Measure ``balance`` with and without visitors, and each page.

    Raises:
        RigError: the service did not come up, or refuses visitors.
    """
    port, town = free_port(), crowd(1, plan.town_users)
    [(channel, names)] = town.items()
    names.append(OPERATOR)
    transfers = min(plan.transfers, _TRANSFERS_MAX)
    past = filled_file(plan.keep or plan.workdir, channel, names, transfers)

    def furnish(database: Path) -> None:
        shutil.copyfile(past, database)

    async with rig(replace(subject, pages_port=port), town, plan.workdir, furnish) as running:
        await wait_quiet(running)
        page_ms, cookie = await _cpu_of_pages(running, port, progress)
        alone, visited = [], []
        answered = refused = 0
        for number in range(plan.rounds + 1):
            progress(f"pages, round {number} of {plan.rounds}")
            round_s = plan.round_s * _LONGER if number else 0.5
            without = await balance_round(running, round_s)
            visitors = await _visitors(plan, running, port, cookie)
            try:
                with_them = await balance_round(running, round_s)
                seen = json.loads(visitors.tail().splitlines()[-1])
            finally:
                with anyio.CancelScope(shield=True):
                    await visitors.stop()
            await anyio.sleep(1.0)
            answered, refused = answered + seen["answered"], refused + seen["refused"]
            if number:
                alone.append(without)
                visited.append(with_them)
        return PagesResult(transfers, alone, visited, answered, refused, page_ms)


async def _visitors(plan: Plan, running: Rig, port: int, cookie: str) -> Child:
    """Have them come, and wait until all streams are open.

    They are other people's machines: where there are too few cores, they wait for ours.
    """
    channel = next(iter(running.users))
    given = {"port": port, "channel": channel, "streams": STREAMS, "rate": RATE, "cookie": cookie}
    public = [each.route.format(channel=channel) for each in PAGES if each.shared_s]
    own = [f"/c/{channel}/me/{name}" for name in _OWN]
    command = ["nice", "-n", "19", sys.executable, "-m", "tests.benchmarks.visitors"]
    command += [f"--{name}={value}" for name, value in given.items()]
    command += ["--public", *public, "--own", *own]
    visitors = await start_child(command, plan.workdir / "visitors.log", {})
    with anyio.move_on_after(_OPEN_S):
        while True:
            await anyio.sleep(0.2)
            lines = visitors.tail().splitlines()
            if lines and json.loads(lines[-1])["open"] == STREAMS:
                return visitors
    await visitors.stop()
    raise RigError(f"{running.subject.name} does not let visitors in:\n{visitors.tail()}")


async def _cpu_of_pages(
    running: Rig, port: int, progress: Callable[[str], None]
) -> tuple[dict[str, float], str]:
    """The CPU of each page as members and operators see it, by its name.

    With the cookie of the member who has asked for them.
    """
    assert TOPICS
    channel, names = next(iter(running.users.items()))
    found: dict[str, float] = {}
    cookies: list[str] = []
    asked = count(1)
    for whos, name in (((Who.ANYONE, Who.MEMBER), names[0]), ((Who.OPERATOR,), OPERATOR)):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            await _sign_in(running, client, channel, name)
            cookies.append(f"{COOKIE}={client.cookies[COOKIE]}")
            for spec in PAGES:
                path = spec.route.replace("{channel}", channel).replace("{name}", names[0])
                if spec.posts or spec.who not in whos or "{" in path or spec.path == "/live":
                    continue
                progress(f"page {spec.name}")
                headers = {"x-forwarded-for": f"10.9.0.{next(asked)}"}
                cpu_ms = await _cpu_of_page(running, client, path, headers)
                if cpu_ms is not None:
                    found[spec.name] = cpu_ms
    return found, cookies[0]


async def _cpu_of_page(
    running: Rig, client: httpx.AsyncClient, path: str, headers: dict[str, str]
) -> float | None:
    """None for what is no page, but a file or the way to another."""
    answer = await client.get(path, headers=headers)
    is_page = answer.headers["content-type"].startswith("text/html")
    if answer.status_code != 200 or not is_page:
        return None
    await anyio.sleep(0.2)
    before_s = running.child.cpu_s()
    for _ in range(_TIMES):
        await client.get(path, headers=headers)
    return (running.child.cpu_s() - before_s) / _TIMES * 1000


async def _sign_in(running: Rig, client: httpx.AsyncClient, channel: str, name: str) -> None:
    where = f"/c/{channel}/sign-in"
    asked = await client.post(where, data={"name": name})
    ticket = _TICKET.search(asked.text)
    with anyio.move_on_after(_OPEN_S):
        while not (code := _CODE.search(running.robot.last_reply(channel, name))):  # noqa: ASYNC110  # seen from outside
            await anyio.sleep(0.05)
        if ticket is not None:
            data = {"ticket": ticket[1], "code": code[1]}
            answer = await client.post(f"{where}/code", data=data)
            if answer.status_code == 303:
                return
    raise RigError(f"{running.subject.name} lets nobody sign in: {asked.status_code}")
