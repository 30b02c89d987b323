"""``kryten-economy doctor``: everything that a channel's economy needs, one line each.

It only looks, so it may be asked at any time: it takes no lock, announces no service, and writes
neither into the books nor onto the bus. Exit code 0 if nothing failed, 1 if something did.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import anyio

from economy_actors.catalogue.client import MediaCmsServer, search
from economy_actors.gateway.probe import BusFacts, RobotFound, look_at_bus
from kryten_economy.cli import machine
from kryten_economy.cli.findings import Finding, as_json, as_lines, failed, fine, odd, wrong
from kryten_economy.config import ConfigError, Loaded, Settings, find_config, load
from kryten_economy.features.catalogue import CatalogueAway
from kryten_economy.features.colours.rules import BOT_RANK_MIN
from kryten_economy.features.games import rules

__all__ = ("bus_findings", "doctor")

ROBOT_SINCE: Final = (1, 12)
"""The robots whose words we know; an older one may lack an answer or a command."""
_CLOCK_ODD_MS: Final = 5_000
_CLOCK_WRONG_MS: Final = 60_000
"""A time that lies further ahead is not believed when an event tells it."""
_CATALOGUE_S: Final = 20.0
_FILMS_RANK: Final = 2


def doctor(options: argparse.Namespace) -> int:
    """Check everything and print what was found."""
    findings = tuple(_examine(options.config))
    print(as_json(findings) if options.json else as_lines(findings))
    return 1 if failed(findings) else 0


def _examine(explicit: Path | None) -> Iterator[Finding]:
    try:
        path = find_config(explicit)
        loaded = load(path, os.environ)
    except ConfigError as error:
        first, *more = error.problems
        found = f"{first}, and {len(more)} more" if more else str(first)
        to_do = "kryten-economy --validate-config lists all; the rest can't be checked"
        yield wrong("config", found, to_do)
        return
    settings = loaded.settings
    yield _config(path, loaded)
    bus, catalogue = anyio.run(partial(_ask_others, settings))
    places = machine.Places.of(path, settings)
    yield from bus_findings(settings, bus)
    yield catalogue
    looks: Mapping[str, Callable[[], Finding]] = {
        "database": lambda: machine.books(places.books),
        "disk": lambda: machine.disk(places),
        "clock": lambda: _clock(settings, bus, machine.last_operation_ms(places.books), _now_ms()),
        "permissions": lambda: machine.permissions(places, settings),
        "backups": lambda: machine.backups(places, settings),
    }
    for check, look in looks.items():
        try:
            yield look()
        except OSError as error:
            found = f"{error.filename}: {error.strerror}"
            yield wrong(check, found, "ask as the user that the service runs as, or mend the path")


def _config(path: Path, loaded: Loaded) -> Finding:
    warnings = (*loaded.warnings, *rules.warnings(loaded.settings))
    if not warnings:
        return fine("config", f"{path.absolute()}: valid")
    first, *more = warnings
    found = f"{first}, and {len(more)} more warnings" if more else first
    return odd("config", found, "kryten-economy --validate-config lists them")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


async def _ask_others(settings: Settings) -> tuple[BusFacts, Finding]:
    """The bus and the catalogue, both at once."""
    found: list[Finding] = []

    async def ask() -> None:
        found.append(await _catalogue(settings))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        bus = await look_at_bus(settings, _now_ms)
    return bus, found[0]


# The bus


def bus_findings(settings: Settings, bus: BusFacts) -> Iterator[Finding]:
    """NATS and whoever is on it."""
    if bus.why_not:
        servers = ", ".join(each.rpartition("@")[2] for each in settings.nats.servers)
        to_do = "start nats-server, or mend nats.servers, nats.user and nats.password"
        yield wrong("nats", f"{servers}: {bus.why_not}", to_do)
        for check in ("jetstream", *_robot_checks(settings), "userstats", "service"):
            yield odd(check, "not known without NATS", "see nats")
        return
    yield _account(bus)
    yield _jetstream(bus)
    for each in settings.channels:
        yield _robot(settings, bus, each.domain, each.channel)
    yield _userstats(bus)
    yield _service(bus)


def _robot_checks(settings: Settings) -> Iterator[str]:
    return (f"robot {each.channel}" for each in settings.channels)


def _account(bus: BusFacts) -> Finding:
    if bus.refused:
        found = f"{bus.server}: our account may not {_listed(bus.refused)}"
        return wrong("nats", found, "grant it what ops/nats-permissions.conf lists for economy")
    return fine("nats", bus.server)


def _listed(refused: Sequence[str]) -> str:
    """``publish to a, b; subscribe to c`` from the server's own words."""
    words = {"publish to": "publish to", "subscription to": "subscribe to"}
    told = []
    for server_word, ours in words.items():
        subjects = [
            each.removeprefix(server_word).strip()
            for each in refused
            if each.startswith(server_word)
        ]
        told += [f"{ours} {', '.join(subjects)}"] if subjects else []
    return "; ".join(told)


def _jetstream(bus: BusFacts) -> Finding:
    if bus.jetstream_why_not:
        to_do = "start nats-server with -js (or a jetstream block); see nats for permissions"
        return wrong("jetstream", f"not usable: {bus.jetstream_why_not}", to_do)
    return fine("jetstream", "answers")


def _robot(settings: Settings, bus: BusFacts, domain: str, channel: str) -> Finding:
    check = f"robot {channel}"
    here = [each for each in bus.robots if each.channel.lower() == channel.lower()]
    robot = next((each for each in here if each.domain == domain), None)
    if robot is None and here:
        told = ", ".join(each.domain for each in here)
        found = f"its robot is at {told}, the settings say {domain}"
        return wrong(check, found, f"write domain: {here[0].domain} in channels, or mend the robot")
    if robot is None:
        others = ", ".join(f"{each.channel}@{each.domain}" for each in bus.robots) or "none at all"
        to_do = "start kryten-robot for this channel, on the same NATS"
        return wrong(check, f"no robot answers for it; robots here: {others}", to_do)
    if robot.channel != channel:
        to_do = f"write channel: {robot.channel}"
        return wrong(check, f"the robot spells it {robot.channel}", to_do)
    return _present(settings, bus, robot)


def _present(settings: Settings, bus: BusFacts, robot: RobotFound) -> Finding:
    check, bot = f"robot {robot.channel}", settings.bot.username
    if not robot.in_channel:
        to_do = "look into the robot's log: CyTube is away, or it was kicked or banned"
        return wrong(check, "the robot runs and is not in its channel", to_do)
    if _numbers(robot.version) < ROBOT_SINCE:
        since = ".".join(map(str, ROBOT_SINCE))
        found = f"kryten-robot {robot.version} is older than {since}"
        return wrong(check, found, "pip install -U kryten-robot, and restart it")
    room = (bus.rooms or {}).get(robot.channel)
    if room is None or room.ranks is None:
        to_do = "JetStream and the bucket kryten_<channel>_userlist must be readable"
        return wrong(check, "its user list can't be read from the store", to_do)
    rank = room.rank_of(bot)
    if rank is None:
        to_do = "write the robot's account in CyTube as bot.username"
        return wrong(check, f"{bot} is not in the channel", to_do)
    lacking = [what for needed, what in _needs(settings) if rank < needed]
    if lacking:
        most = max(needed for needed, _ in _needs(settings))
        found = f"{bot} has rank {rank:g}, too low for {', '.join(lacking)}"
        return wrong(check, found, f"give it rank {most} in the channel, or switch those off")
    told = f"kryten-robot {robot.version} at {robot.domain}, {bot} has rank {rank:g}"
    return fine(check, told)


def _numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version; one that can't be read is taken for new."""
    parts = version.split(".")
    return tuple(int(each) for each in parts[:2]) if all(map(str.isdigit, parts[:2])) else (999,)


def _needs(settings: Settings) -> Iterator[tuple[int, str]]:
    """What is switched on and takes a rank of the bot in CyTube."""
    if settings.mediacms.configured:
        yield _FILMS_RANK, "paid films (mediacms)"
    if settings.vanity_shop.chat_color.enabled:
        yield BOT_RANK_MIN, "chat colours (vanity_shop.chat_color)"
    if settings.cytube_promotion.enabled:
        yield BOT_RANK_MIN, "CyTube levels (cytube_promotion)"


def _userstats(bus: BusFacts) -> Finding:
    if bus.has_userstats:
        return fine("userstats", "answers")
    to_do = "start kryten-userstats, if two names of one person shall count as one"
    return odd("userstats", "does not answer: each name stands for itself", to_do)


def _service(bus: BusFacts) -> Finding:
    match bus.services:
        case ():
            return fine("service", "does not run now: nobody answers for the economy")
        case (version,):
            return fine("service", f"runs, version {version}")
        case several:
            found = f"{len(several)} services answer for the economy: {', '.join(several)}"
            to_do = "stop all but one, unless each serves channels of its own"
            return odd("service", found, to_do)


# The catalogue


async def _catalogue(settings: Settings) -> Finding:
    mediacms = settings.mediacms
    if not mediacms.configured:
        return fine("mediacms", "not configured: no films are sold")
    address = mediacms.base_url.rpartition("@")[2]
    server = MediaCmsServer(lambda _: None, connections_max=1, sleep=_at_once)
    answer: object = CatalogueAway(f"no answer within {_CATALOGUE_S:g} s")
    try:
        with anyio.move_on_after(_CATALOGUE_S):
            answer = await server.ask(search("the", mediacms))
    finally:
        await server.close()
    if isinstance(answer, CatalogueAway):
        to_do = "mediacms.base_url and api_token must be those of a MediaCMS this machine reaches"
        return wrong("mediacms", f"{address}: {answer.reason}", to_do)
    return fine("mediacms", f"{address}: answers searches")


async def _at_once(_: float) -> None:
    """Nobody waits between the attempts."""


# The clock


def _clock(settings: Settings, bus: BusFacts, written_ms: int | None, now_ms: int) -> Finding:
    zone = ZoneInfo(settings.timezone)
    here = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone)
    clocks = [("NATS", bus.ahead_ms)]
    clocks += [(f"the robot of {each.channel}", each.ahead_ms) for each in bus.robots]
    if written_ms is not None and written_ms - now_ms > _CLOCK_WRONG_MS:
        clocks.append(("the last entry of the books", written_ms - now_ms))
    told = [(who, ahead_ms) for who, ahead_ms in clocks if ahead_ms is not None]
    off = [(who, ahead_ms) for who, ahead_ms in told if abs(ahead_ms) > _CLOCK_ODD_MS]
    now = f"{here:%Y-%m-%d %H:%M} in {settings.timezone}"
    if not off:
        compared = ", ".join(who for who, _ in told) or "nobody told another time"
        return fine("clock", f"{now}, as {compared}" if told else f"{now}; {compared}")
    found = ", ".join(
        f"{who} is {abs(ahead_ms) / 1000:,.0f} s {'ahead' if ahead_ms > 0 else 'behind'}"
        for who, ahead_ms in off
    )
    finding = wrong if any(abs(ahead_ms) > _CLOCK_WRONG_MS for _, ahead_ms in off) else odd
    return finding("clock", f"here it is {now}; {found}", "run an NTP client on both machines")
