"""Random visits, bounces and outages, against an oracle that knows the truth."""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.actors.conftest import VirtualLoop
from tests.actors.house import house, settings_with
from tests.actors.presence.oracle import Bounds, Outage, bounds
from tests.actors.presence.robots import Room, gateway_of

NAMES = ("Alice", "Bob", "Carol")
_BEGIN_S = 30.0
_DEAF_AFTER_S = 20.0
"""After so long an outage of NATS a robot gives up (`wire.md` 6)."""


class Trouble(NamedTuple):
    """An outage: after a pause, of this kind and so long; and what the repair takes."""

    pause_s: int
    kind: str
    length_s: int
    repair_s: int


class Visit(NamedTuple):
    """An absence and a stay after it."""

    absent_s: int
    here_s: int


SECONDS = st.one_of(st.integers(1, 60), st.integers(60, 290), st.integers(360, 900))
VISITS = st.lists(st.builds(Visit, SECONDS, SECONDS), max_size=8)
TROUBLES = st.lists(
    st.builds(
        Trouble,
        st.integers(70, 600),
        st.sampled_from(("stop", "kill", "nats")),
        st.one_of(st.integers(1, 60), st.integers(60, 900)),
        st.integers(10, 300),
    ),
    max_size=4,
)
Act = tuple[float, Callable[[Room], None]]


def people(plan: list[list[Visit]]) -> list[Act]:
    """Who comes and goes, each at an instant of their own."""
    acts: list[Act] = []
    for number, (name, visits) in enumerate(zip(NAMES, plan, strict=False)):
        at_s = _BEGIN_S + 0.11 * (number + 1)
        for visit in visits:
            at_s += visit.absent_s
            acts.append((at_s, partial(Room.join, name=name)))
            at_s += visit.here_s
            acts.append((at_s, partial(Room.leave, name=name)))
    return acts


def troubles(plan: list[Trouble]) -> tuple[list[Act], list[Outage]]:
    """What happens to robot and bus, and when nobody sees the room for it."""
    acts: list[Act] = []
    outages: list[Outage] = []
    at_s = _BEGIN_S
    for each in plan:
        from_s = at_s + each.pause_s
        at_s = from_s + each.length_s
        if each.kind == "nats":
            deaf = each.length_s > _DEAF_AFTER_S
            acts.append((from_s, Room.stop_nats))
            acts.append((at_s, partial(Room.start_nats, deaf=deaf)))
            if deaf:
                at_s += each.repair_s
                acts.append((at_s, Room.start_robot))
        else:
            acts.append((from_s, partial(Room.stop_robot, kill=each.kind == "kill")))
            acts.append((at_s, Room.start_robot))
        outages.append(Outage(from_s, at_s))
    return acts, outages


async def played(
    path: Path, visits: list[list[Visit]], plan: list[Trouble]
) -> dict[str, tuple[int, Bounds]]:
    """What each was paid, and what the oracle allows."""
    streaks = {"daily": {"enabled": False}, "weekend_weekday_bridge": {"enabled": False}}
    plain: dict[str, Any] = {
        "onboarding": {"welcome_wallet": 0},
        "presence": {"hourly_milestones": {}},
        "streaks": streaks,
        "retention": {"welcome_back": {"enabled": False}},
    }
    acts, outages = troubles(plan)
    acts += people(visits)
    rooms: list[Room] = []
    settings = settings_with(**plain)
    async with house(path, settings, scheduled=True, gateway=gateway_of(rooms)) as h:
        for at_s, act in sorted(acts, key=lambda each: each[0]):
            await _until(at_s)
            act(rooms[0])
        await anyio.sleep(8 * 60)
        paid: dict[str, tuple[int, Bounds]] = {}
        for name, history in rooms[0].history.items():
            wallet = h.wallet(name)
            assert wallet is None or wallet.minutes_today == wallet.balance_z
            balance_z = 0 if wallet is None else wallet.balance_z
            paid[name] = (balance_z, bounds(history, outages))
        return paid


async def _until(at_s: float) -> None:
    await anyio.sleep(max(0.0, at_s - anyio.current_time()))


def play(visits: list[list[Visit]], plan: list[Trouble]) -> dict[str, tuple[int, Bounds]]:
    """The same on a virtual clock of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return anyio.run(
            partial(played, Path(folder) / "e.db", visits, plan),
            backend_options={"loop_factory": VirtualLoop},
        )


@pytest.mark.slow
@pytest.mark.timeout(300)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(VISITS, min_size=1, max_size=len(NAMES)), TROUBLES)
@example(
    # Five comings and goings in fourteen minutes, the last absence across two outages.
    [[Visit(5, 95), Visit(50, 45), Visit(55, 50), Visit(20, 130), Visit(200, 190)]],
    [Trouble(380, "stop", 60, 10), Trouble(70, "nats", 15, 10)],
)
@example([[Visit(10, 900)], [Visit(10, 300)]], [Trouble(200, "kill", 400, 10)])
@example([[Visit(40, 30), Visit(30, 20), Visit(90, 25), Visit(100, 20)]], [])
def test_presence_is_paid_to_the_minute(visits: list[list[Visit]], plan: list[Trouble]) -> None:
    """Paid is what was, within a minute a session, and one more for each end in an outage."""
    for name, (paid_z, allowed) in play(visits, plan).items():
        assert allowed.least <= paid_z <= allowed.most, name
