"""A look at the bus from outside the service: what is there, and what our account may do there.

For commands that tell an operator what is wrong. It listens and asks, and leaves nothing behind: it
announces nobody, answers nobody and writes into no store. It works beside a running service as well
as without one, and never raises for what it finds.
"""

import json
import logging
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

import anyio

from economy_actors.gateway.bus import COMMAND_SUBJECT
from economy_actors.gateway.client import PatientClient, client_config
from economy_actors.gateway.payloads import listed_user
from kryten_economy.config import Settings

__all__ = ("BusFacts", "RobotFound", "RoomFound", "look_at_bus")

_ROBOT_SUBJECT = "kryten.robot.command"
_USERSTATS_SUBJECT = "kryten.userstats.command"
_ANSWER_S = 2.0
_QUIET_S = 0.5
"""After so long a silence nobody else will answer."""
_CREDENTIALS_END = "@"
_REFUSAL = "permissions violation for "

_silent = logging.getLogger("kryten.economy.probe")
_silent.propagate = False
_silent.addHandler(logging.NullHandler())


_ATTEMPTS: Final = 3
_CUT_SHORT: Final = "reset by peer"
"""A server that turns somebody away closes at once: its reason may be lost on the way."""


@dataclass(frozen=True, slots=True)
class RobotFound:
    """A robot that answers; ``ahead_ms``: how far its clock is ahead of ours, None if untold."""

    domain: str
    channel: str
    version: str
    in_channel: bool
    ahead_ms: int | None


@dataclass(frozen=True, slots=True)
class RoomFound:
    """The ranks of those whom the robot's store lists; None if it has no list of the channel."""

    ranks: Mapping[str, float] | None

    def rank_of(self, name: str) -> float | None:
        """The rank of somebody in the channel, None if they are not listed."""
        return (self.ranks or {}).get(name.lower())


@dataclass(frozen=True, slots=True)
class BusFacts:
    """``why_not`` is "" if there is a connection; without one nothing else is known.

    ``jetstream_why_not`` likewise. ``refused`` is what our account was not allowed to do,
    ``services`` are the versions of the economy services that answer, ``ahead_ms`` is how far the
    server's clock is ahead of ours, as far as it was told.
    """

    why_not: str
    server: str = ""
    jetstream_why_not: str = ""
    robots: tuple[RobotFound, ...] = ()
    rooms: Mapping[str, RoomFound] | None = None
    services: tuple[str, ...] = ()
    has_userstats: bool = False
    refused: tuple[str, ...] = ()
    ahead_ms: int | None = None


async def look_at_bus(settings: Settings, now_ms: Callable[[], int]) -> BusFacts:
    """Connect, ask everybody once, and disconnect; takes some seconds."""
    client, why_not = _Onlooker(settings), ""
    for _ in range(_ATTEMPTS):
        why_not = await _why_not(client, settings)
        if _CUT_SHORT not in why_not:
            break
        client = _Onlooker(settings)
    if why_not:
        return BusFacts(why_not)
    try:
        return await _Look(client, settings, now_ms).all()
    finally:
        with anyio.move_on_after(1.0, shield=True):
            await client.disconnect()


async def _why_not(client: "_Onlooker", settings: Settings) -> str:
    """Why there is no connection; "" once there is one."""
    nats = settings.nats
    try:
        with anyio.fail_after(2 * (nats.connect_timeout + nats.reconnect_time_wait) + 5.0):
            await client.connect()
    except Exception as error:  # noqa: BLE001  # the bus edge: nats-py's errors come as they are
        return client.trouble or str(error) or type(error).__name__
    return ""


class _Onlooker(PatientClient):
    """A client that says of itself nothing, and keeps complaints instead of logging them."""

    def __init__(self, settings: Settings) -> None:
        self.trouble = ""
        self.refused: list[str] = []
        config = client_config(settings)
        del config["service"]  # without a name it announces nobody
        config.pop("metrics", None)
        super().__init__(config, lambda _: None)
        self.logger = _silent

    @property
    def server(self) -> str:
        """Where we are connected and what answers there, without credentials."""
        place = self._nats.connected_url.netloc.rpartition(_CREDENTIALS_END)[2]
        return f"{place} ({str(self._nats.connected_server_version).strip('<>')})"

    async def ask(self, subject: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
        """The first answer, whatever the bus carries; None if there is none."""
        raw = b"" if body is None else json.dumps(body).encode()
        try:
            answer = await self._nats.request(subject, raw, timeout=_ANSWER_S)
            return json.loads(answer.data)
        except Exception:  # noqa: BLE001  # no answer in any way is no answer
            return None

    async def hear(self, subject: str) -> None:
        """Listen and let go: a refusal shows."""
        subscription = await self._nats.subscribe(subject, cb=_deaf)
        await subscription.unsubscribe()

    async def settle(self) -> None:
        """Wait until the server has said all that it has to say."""
        with suppress(Exception):
            await self._nats.flush(2)

    async def _setup_subscriptions(self) -> None:
        """None that stay."""

    async def _on_error(self, e: Exception) -> None:
        text = str(e) or type(e).__name__
        if _REFUSAL in text.lower():
            self.refused.append(text.lower().partition(_REFUSAL)[2].replace('"', ""))
        else:
            self.trouble = text.removeprefix("nats: ").strip("'")


async def _deaf(_: object) -> None:
    """What comes in is for somebody else."""


class _Look:
    """One look; the questions go out together."""

    def __init__(self, client: _Onlooker, settings: Settings, now_ms: Callable[[], int]) -> None:
        self._client = client
        self._settings = settings
        self._now_ms = now_ms
        self._robots: dict[tuple[str, str], RobotFound] = {}
        self._rooms: dict[str, RoomFound] = {}
        self._services: list[str] = []
        self._userstats = False
        self._jetstream_why_not = "it does not answer"
        self._ahead_ms: int | None = None

    async def all(self) -> BusFacts:
        """Everything that can be found out."""
        async with anyio.create_task_group() as asking:
            looks: tuple[Callable[[], Coroutine[Any, Any, None]], ...] = (
                self._see_robots,
                self._see_services,
                self._see_userstats,
                self._see_store,
                self._listen,
            )
            for look in looks:
                asking.start_soon(look)
        await self._client.settle()
        return BusFacts(
            "",
            self._client.server,
            self._jetstream_why_not,
            tuple(self._robots.values()),
            self._rooms,
            tuple(self._services),
            self._userstats,
            tuple(dict.fromkeys(self._client.refused)),
            self._ahead_ms,
        )

    async def _see_robots(self) -> None:
        """Each robot answers twice; the answer that names its channel tells the most."""
        asked_ms = self._now_ms()

        def heard(answer: Any) -> bool:  # noqa: ANN401  # whatever the bus carries
            robot = _robot_in(answer, partial(self._ahead, asked_ms))
            if robot is not None:
                self._robots[robot.domain, robot.channel] = robot
            return False

        question = {"service": "robot", "command": "system.ping"}
        await self._ask_all(_ROBOT_SUBJECT, question, heard)

    async def _see_services(self) -> None:
        def heard(answer: Any) -> bool:  # noqa: ANN401  # whatever the bus carries
            data = answer.get("data") if isinstance(answer, dict) else None
            if isinstance(data, dict) and data.get("pong") is True:
                self._services.append(str(data.get("version", "?"))[:50])
            return False

        await self._ask_all(COMMAND_SUBJECT, {"command": "system.ping"}, heard)

    async def _see_userstats(self) -> None:
        name = self._settings.bot.username
        question = {"service": "userstats", "command": "alias.find", "alias": name}
        answer = await self._client.ask(_USERSTATS_SUBJECT, question)
        self._userstats = isinstance(answer, dict) and answer.get("success") is True

    async def _see_store(self) -> None:
        answer = await self._client.ask("$JS.API.INFO")
        if not isinstance(answer, dict):
            return
        if isinstance(error := answer.get("error"), dict):
            self._jetstream_why_not = str(error.get("description", "it is refused"))
            return
        self._jetstream_why_not = ""
        async with anyio.create_task_group() as asking:
            for each in self._settings.channels:
                asking.start_soon(self._see_room, each.channel)

    async def _see_room(self, channel: str) -> None:
        bucket, asked_ms = f"kryten_{channel}_userlist", self._now_ms()
        told = await self._client.ask(f"$JS.API.STREAM.INFO.KV_{bucket}")
        if isinstance(told, dict) and isinstance(told.get("ts"), str):
            self._ahead_ms = self._ahead(asked_ms, told["ts"])
        entries = None
        with suppress(Exception), anyio.move_on_after(_ANSWER_S):
            entries = await self._client.kv_get(bucket, "users", parse_json=True)
        self._rooms[channel] = RoomFound(_ranks(entries))

    async def _listen(self) -> None:
        """What the service listens to, for a moment: requests go on to whom they are for."""
        events = (each.channel.lower().replace(".", "") for each in self._settings.channels)
        subjects = (
            COMMAND_SUBJECT,
            *(f"kryten.events.cytube.{each}.>" for each in events),
            "kryten.lifecycle.robot.startup",
            f"kryten.lifecycle.{self._settings.service.name}.startup",
            "kryten.lifecycle.group.restart",
        )
        with suppress(Exception):
            for subject in subjects:
                await self._client.hear(subject)

    async def _ask_all(
        self, subject: str, question: Mapping[str, Any], heard: Callable[[Any], bool]
    ) -> None:
        with suppress(Exception):
            await self._client.ask_all(
                subject, question, heard, within_s=_ANSWER_S, quiet_s=_QUIET_S
            )

    def _ahead(self, asked_ms: int, told: str) -> int | None:
        """How far a clock that told this time meanwhile is ahead of ours."""
        try:
            told_ms = round(datetime.fromisoformat(told).timestamp() * 1000)
        except ValueError:
            return None
        return told_ms - (asked_ms + self._now_ms()) // 2


def _ranks(entries: object) -> dict[str, float] | None:
    if not isinstance(entries, list):
        return None
    users = map(listed_user, entries)
    return {each.name.lower(): each.rank for each in users if each is not None}


def _robot_in(answer: Any, ahead: Callable[[str], int | None]) -> RobotFound | None:  # noqa: ANN401
    data = answer.get("data") if isinstance(answer, dict) else None
    fields = data if isinstance(data, dict) else {}
    domain, channel = fields.get("domain"), fields.get("channel")
    if not isinstance(domain, str) or not isinstance(channel, str):
        return None
    return RobotFound(
        domain,
        channel,
        str(fields.get("version", "?"))[:50],
        fields.get("cytube_connected") is not False,
        ahead(str(fields.get("timestamp"))),
    )
