"""CyTube's playlist and the robot between it and the house, on the virtual clock.

The list is the sandbox's, so what happens on it is what was recorded; what it tells goes through
the gateway's own translator. The robot does one thing after the other, and is busy as long as the
real one.
"""

from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import anyio
import apsw
from tests.actors.house import CHANNEL, House, settings_with
from tests.actors.session.test_ranks import earn
from tests.unit.gateway.helpers import envelope_of, typed

from economy_actors.context import Context
from economy_actors.gateway.events import Translated
from economy_actors.gateway.payloads import items_in, medium_in, stored_uid
from economy_actors.gateway.translate import Translator
from economy_actors.messages.channel import RobotPresence
from economy_actors.messages.colours import BotRanked
from economy_actors.messages.gateway import ReadPlaylist, RobotCommand
from economy_actors.messages.playlist import CommandLost, Fulfil, PlaylistListed, PlaylistMessage
from economy_actors.runtime import Actor
from economy_sandbox.media import Event, Library, Playlist
from economy_sandbox.media import Media as Film
from kryten_economy.features.queue.buying import Bought, BuyMedia
from kryten_economy.features.queue.purchases import purchases_on_playlist, unsettled_purchases
from kryten_economy.features.queue.rules import Action, Media, QueueLimits
from kryten_economy.users import UserKey

__all__ = (
    "BOT",
    "PRICE_Z",
    "SETTINGS",
    "WEALTH_Z",
    "Cinema",
    "address",
    "buy",
    "kill",
    "on_playlist",
    "open_purchases",
    "pay",
    "wealthy",
)

BOT = "ZCoinBot"
BUSY_S = 8.0
PRICE_Z = 2_500
WEALTH_Z = 100_000
SETTINGS = settings_with(
    onboarding={"welcome_wallet": 0},
    bot={"username": BOT},
    ranks={"tiers": [{"name": "Extra", "min_lifetime_earned": 0}]},
    cytube_promotion={"min_rank": "Extra"},
)
"""Nobody is promoted by being rich, so that no such notice comes between others."""


def address(name: str) -> str:
    """Where a film of the catalogue is."""
    return f"https://media.test/api/v1/media/cytube/{name}.json?format=json"


class Cinema:
    """``deaf`` robots get nothing, ``lost`` commands are known to have got nowhere.

    ``silent``: the server does not answer those who add. The store is what the robot wrote last,
    which it does not while ``store_lags``; its events are ``unheard`` in an outage.
    It outlives the houses it is given to.
    """

    def __init__(self) -> None:
        self.library = Library()
        self.list = Playlist(self.library, anyio.current_time, Random(3))
        self.commands: list[tuple[str, dict[str, Any]]] = []
        self.deaf = self.lost = self.silent = self.store_lags = self.unheard = False
        self.here_at_start, self.cannot_jump = True, False
        self.store: list[dict[str, Any]] = []
        self.current: dict[str, Any] | None = None
        self.looks = 0
        self.under_way: dict[str, Any] | None = None
        self._instance = 0
        self._context: Context | None = None
        self._translator: Translator | None = None

    # The house's side

    def gateway(self, context: Context) -> Actor[Any]:
        """What stands between the house and the bus."""
        self._context = context
        self._instance += 1
        self._translator = Translator(context.live, context.clock)
        return _Gateway(self, self._instance)

    def cut_off(self) -> None:
        """The service is killed: nobody hears, and only the command under way is carried out."""
        self._instance += 1
        self._context = None

    def finish(self) -> None:
        """The robot finishes what it was busy with when the service was killed."""
        args, self.under_way = self.under_way, None
        if args is not None:
            self._put(args)

    def tell(self, message: PlaylistMessage) -> None:
        """Tell the house's playlist something."""
        assert self._context is not None
        self._context.playlists[CHANNEL].tell(message)

    def read_store(self) -> None:
        """The robot's store is read, as at a start of the service and on demand."""
        self.looks += 1
        current = medium_in(self.current, stored_uid(self.current))
        self.tell(PlaylistListed(items_in(self.store), stored=True, current=current))

    async def robot(self, command: RobotCommand, instance: int) -> None:
        """The robot does something, and is busy with it."""
        if instance != self._instance:
            return
        if self.lost:
            self.tell(CommandLost(command.command))
            return
        if self.deaf:
            return
        args = dict(command.args)
        self.commands.append((command.command, args))
        match command.command:
            case "addvideo":
                await self._add(args, instance)
            case "mvvideo":
                self.show(self.list.move(args["from"], args["after"]))
            case "rmvideo":
                self.show(self.list.delete(args["uid"]))
            case "jump" if isinstance(args["uid"], str) and not self.cannot_jump:
                self.show(self.list.jump(int(args["uid"])))

    async def _add(self, args: dict[str, Any], instance: int) -> None:
        if self.silent:
            await anyio.sleep(BUSY_S)
            return
        self.under_way = args
        await anyio.sleep(self.library.delay_of(args["id"]))
        if instance == self._instance:
            self.under_way = None
            self._put(args)

    def _put(self, args: dict[str, Any]) -> None:
        self.show(self.list.queue(BOT, args["type"], args["id"], pos=args["pos"], temp=True))

    # What happens in the channel

    def show(self, events: list[Event]) -> None:
        """The robot hears these frames of CyTube, and publishes them."""
        for event in events:
            self._keep()
            if not self.unheard:
                self.publish(event.name, event.payload)

    def _keep(self) -> None:
        if not self.store_lags:
            self.store = self.list.as_payload()
            if self.list.current is not None:
                playing = self.list.current
                self.current = {**playing.media.as_payload(), "uid": playing.uid}

    def publish(self, name: str, payload: Any) -> None:
        """An event goes over the bus to the house."""
        kind = name.lower()
        if self._context is None or self._translator is None or kind not in self._translator.kinds:
            return
        at = datetime.fromtimestamp(self._context.clock.now_ms() / 1000, UTC).isoformat()
        event = typed(envelope_of(name, payload, channel=CHANNEL, timestamp=at))
        told = self._translator.kinds[kind](event)
        news = self._translator.on_playlist(kind, event, told)
        if news is not None:
            self.tell(news)
        if isinstance(told, Translated) and isinstance(told.message, BotRanked):
            self._context.bot_ranks[CHANNEL] = told.message.rank
        elif isinstance(told, Translated):
            self._context.channels[CHANNEL].tell(told.message)  # type: ignore[arg-type]

    def queue(self, by: str, name: str, *, seconds: int = 600, pos: str = "end") -> int:
        """Somebody adds a film; its uid."""
        media_id = address(name)
        self.library.add(Film(media_id, name.title(), seconds))
        events = self.list.queue(by, "cm", media_id, pos=pos)
        self.show(events)
        return int(events[0].payload["item"]["uid"])

    def end_film(self) -> None:
        """What plays ends; the next one begins."""
        self.show(self.list.play_next())

    def shuffle(self) -> None:
        """Somebody shuffles the list."""
        self.show(self.list.shuffle())

    def robot_comes(self) -> None:
        """The robot enters, and tells everything it finds."""
        self.tell(RobotPresence(here=True))
        frames = [Event("rank", -1), Event("setPlaylistLocked", True), Event("rank", 4)]
        listed = [Event("playlist", self.list.as_payload())]
        if self.list.current is not None:
            listed += [Event("setCurrent", self.list.current.uid), self.list.change_media()]
        self.show([*frames, *listed])

    def robot_goes(self) -> None:
        """The robot is known to be away."""
        self.tell(RobotPresence(here=False))

    def restart_cytube(self) -> None:
        """CyTube starts again with the saved list, and counts from 0."""
        self.robot_goes()
        self.list.renumber()
        self.robot_comes()

    @property
    def titles(self) -> list[str]:
        """The list, by the names of its films."""
        return [item.media.id.split("/")[-1].split(".")[0] for item in self.list.items]

    def sent(self, command: str) -> list[dict[str, Any]]:
        """What the robot was told to do, of this kind."""
        return [args for name, args in self.commands if name == command]


class _Gateway(Actor[Any]):
    """The bus and the robot's store answer at once, the robot when it has time."""

    def __init__(self, cinema: Cinema, instance: int) -> None:
        self._cinema = cinema
        self._instance = instance

    async def started(self) -> None:
        robot = partial(_Robot, self._cinema, self._instance)
        self._robot = self.spawn("robot", robot, capacity=256)
        if self._cinema.here_at_start:
            self._cinema.read_store()
        else:
            self._cinema.robot_goes()

    async def receive(self, message: object) -> None:
        if isinstance(message, RobotCommand):
            self._robot.tell(message)
        elif isinstance(message, ReadPlaylist):
            self._cinema.read_store()


class _Robot(Actor[RobotCommand]):
    def __init__(self, cinema: Cinema, instance: int) -> None:
        self._cinema = cinema
        self._instance = instance

    async def receive(self, message: RobotCommand) -> None:
        await self._cinema.robot(message, self._instance)


async def wealthy(h: House, *names: str) -> None:
    """These are here and rich."""
    for name in names:
        await h.join(name)
        wallet = h.wallet(name)
        await earn(h, name, WEALTH_Z - (wallet.balance_z if wallet else 0))


async def pay(
    h: House, name: str, film: str, *, action: Action = "queue", price_z: int = PRICE_Z
) -> Bought:
    """Somebody pays for a film; nobody has put it on the playlist yet."""
    bought = await h.commit(
        BuyMedia(
            f"buy:{name}:{film}:{h.now_ms}",
            UserKey.of(CHANNEL, name),
            action,
            Media("cm", address(film), film.title(), 600),
            price_z,
            QueueLimits(50, 0),
            h.now_ms,
            h.context.live.calendar.day(h.now_ms),
        )
    )
    assert isinstance(bought, Bought), bought
    return bought


async def buy(h: House, name: str, film: str, **more: Any) -> Bought:
    """Somebody pays for a film, and it is to be put on the playlist."""
    bought = await pay(h, name, film, **more)
    h.context.playlists[CHANNEL].tell(Fulfil(bought.purchase))
    await h.settle()
    return bought


def on_playlist(h: House) -> list[tuple[str, int | None]]:
    """Whose items stand on the playlist by the books, and under which uid."""
    found = h.report(lambda reports: purchases_on_playlist(reports, CHANNEL))
    return [(each.display_name, each.uid) for each in found]


def open_purchases(h: House) -> int:
    """How many purchases wait for an outcome."""
    return len(h.report(lambda reports: unsettled_purchases(reports, CHANNEL)))


def kill(h: House, cinema: Cinema) -> Path:
    """What a kill at this moment leaves: the books as far as they were committed."""
    target = h.path.with_name(f"after-{h.path.name}")
    with closing(apsw.Connection(str(h.path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))
    cinema.cut_off()
    return target
