"""A web server that answers as a MediaCMS does: films to search, items, manifests for CyTube.

Use: ``async with MediaCmsSite() as site: site.stock(robot.room.playlist.library)``; people then
queue what they find, and CyTube knows its title and length. Promises: the paths, field names and
page size that the service and CyTube see of the real one. Limits: nothing can be watched, and no
film of this list was ever made.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import anyio
from aiohttp import web

from economy_sandbox.media import Library, Media
from kryten_economy.features.catalogue import cytube_media

__all__ = ("SHELVES", "Film", "MediaCmsSite", "films")

_PAGE: Final = 50
"""The real server sends pages of this size, whatever is asked for."""

_GONE = "Expected HTTP 200 OK, not 404 Not Found"
"""What CyTube says of a manifest that is not there."""


@dataclass(frozen=True, slots=True)
class Film:
    """Something to watch; its token is made from its title, so it is the same every evening."""

    title: str
    seconds: int
    about: str

    @property
    def token(self) -> str:
        """The short name in addresses, as MediaCMS gives them."""
        digest = hashlib.sha256(self.title.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode()[:9]

    def matches(self, words: Iterable[str]) -> bool:
        """Whether all the lower-case words are in title or description."""
        text = f"{self.title} {self.about}".lower()
        return all(word in text for word in words)


SHELVES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "silent feature film": (
        ("The Lamplighter's Daughter (1919)", "1:04:20"),
        ("Seven Nights in Odessa (1922)", "1:21:05"),
        ("The Clockmaker of Bruges (1924)", "1:12:48"),
        ("Dust and Diamonds (1925)", "58:31"),
        ("The Phantom of Pier Nine (1926)", "1:09:17"),
        ("A Kingdom for a Bicycle (1927)", "49:55"),
        ("The Last Mail Coach (1928)", "1:17:40"),
    ),
    "horror feature film": (
        ("The Bat of Black Hollow (1932)", "1:06:12"),
        ("House of the Seven Clocks (1936)", "1:10:44"),
        ("Curse of the Wax Hand (1941)", "1:03:09"),
        ("Night Train to Nowhere (1946)", "1:14:58"),
        ("The Mummy Wore Pearls (1951)", "1:11:30"),
        ("Invasion of the Moss People (1957)", "1:18:02"),
        ("The Brain in the Lighthouse (1959)", "1:09:51"),
        ("Carnival of Crows (1962)", "1:22:37"),
    ),
    "detective film noir": (
        ("Rain on Fulton Street (1944)", "1:16:23"),
        ("The Alibi Wore Red (1947)", "1:13:05"),
        ("Dead End at Dawn (1949)", "1:20:14"),
        ("Five Dollars to Reno (1950)", "1:08:46"),
        ("The Long Cigarette (1952)", "1:24:59"),
    ),
    "western feature film": (
        ("Sunset at Coyote Wells (1935)", "54:10"),
        ("The Preacher Rides North (1938)", "57:42"),
        ("Gold Dust Trail (1940)", "1:00:25"),
        ("Two Graves for Amarillo (1953)", "1:15:33"),
    ),
    "science fiction feature film": (
        ("Rocketship to Vesta (1950)", "1:17:08"),
        ("The Man with Radium Eyes (1954)", "1:12:20"),
        ("Attack of the Tin Colossus (1958)", "1:19:45"),
        ("Voyage to the Hollow Moon (1961)", "1:31:02"),
    ),
    "comedy feature film": (
        ("His Cousin's Canary (1934)", "1:01:36"),
        ("Three Plumbers and a Duchess (1939)", "1:08:19"),
        ("Honeymoon for Eleven (1948)", "1:13:57"),
    ),
    "serial episode": (
        ("Captain Comet of the Coast Guard, Chapter 1: The Sunken Beacon", "28:40"),
        ("Captain Comet of the Coast Guard, Chapter 2: Teeth of the Reef", "19:12"),
        ("Captain Comet of the Coast Guard, Chapter 3: The Flooded Vault", "18:55"),
        ("Captain Comet of the Coast Guard, Chapter 4: Fire over the Bay", "19:33"),
        ("The Jade Scorpion, Chapter 1: A Stranger in Singapore", "27:18"),
        ("The Jade Scorpion, Chapter 2: The Poisoned Fan", "17:49"),
        ("The Jade Scorpion, Chapter 3: Over the Cataract", "18:07"),
    ),
    "television episode": (
        ("Harbor Patrol S01E01: The Quiet Dock", "25:50"),
        ("Harbor Patrol S01E02: Forty Crates of Tea", "25:46"),
        ("Harbor Patrol S01E03: The Man Who Sold the Tide", "25:52"),
        ("Tales from the Attic S01E01: The Doll's Tea Party", "24:58"),
        ("Tales from the Attic S01E02: The Mirror Upstairs", "25:03"),
        ("Doctor Whitlock Calls: The Sleepless Ward", "51:20"),
        ("Doctor Whitlock Calls: A Fever in Spring", "50:44"),
    ),
    "cartoon short": (
        ("Barnaby Beaver Builds a Boat (1933)", "7:12"),
        ("Barnaby Beaver at the Opera (1935)", "6:58"),
        ("Swing, Skeleton, Swing! (1931)", "6:40"),
        ("The Moon Is Made of Cheddar (1937)", "8:05"),
        ("Professor Pigeon's Perpetual Pie (1938)", "7:31"),
        ("Three Little Kettles (1940)", "6:49"),
    ),
    "educational short film": (
        ("Your Friend the Fuse Box (1948)", "10:22"),
        ("Posture and You (1951)", "9:47"),
        ("Duck Behind the Davenport (1952)", "9:15"),
        ("Why Milk? (1946)", "11:03"),
        ("Dating Without Dread (1950)", "12:36"),
        ("Telephone Manners for Boys (1949)", "8:28"),
        ("The Wonderful World of Gravel (1955)", "13:54"),
    ),
    "music short": (
        ("Lotte Larsson Sings the Harbour Blues (1941)", "2:58"),
        ("The Midnight Melodiers: Boogie in B Flat (1943)", "3:04"),
        ("Hot Club of Havre: Minor Detour (1939)", "2:47"),
    ),
}
"""Title and length of what there is, by what it is."""


def _seconds(length: str) -> int:
    total = 0
    for part in length.split(":"):
        total = total * 60 + int(part)
    return total


def films() -> tuple[Film, ...]:
    """Everything on the shelves."""
    return tuple(
        Film(title, _seconds(length), about)
        for about, shelf in SHELVES.items()
        for title, length in shelf
    )


class MediaCmsSite:
    """The server on a free port of this machine.

    ``failure`` is the status that answers everything while it is set, ``delay_s`` what an answer
    takes.
    """

    def __init__(self, stock: Iterable[Film] | None = None) -> None:
        stock = films() if stock is None else stock
        self.films = {film.token: film for film in stock}
        self.failure: int | None = None
        self.delay_s = 0.0
        self.url = ""
        self._libraries: list[Library] = []
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Listen from now on."""
        app = web.Application(middlewares=[self._troubled])
        app.router.add_get("/api/v1/media", self._search)
        app.router.add_get("/api/v1/media/cytube/{token}.json", self._manifest)
        app.router.add_get("/api/v1/media/{token}", self._item)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
        except BaseException:
            await self._stack.aclose()
            raise
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the server."""
        await self._stack.aclose()

    def stock(self, library: Library) -> None:
        """Let a channel's CyTube know what it would read in the manifests."""
        self._libraries.append(library)
        for film in self.films.values():
            media_type, address = cytube_media(self.url, film.token)
            library.add(Media(address, film.title, film.seconds, media_type))

    def remove(self, token: str) -> None:
        """Take a film out of the catalogue; CyTube can't queue it any more either."""
        del self.films[token]
        for library in self._libraries:
            library.refuse(cytube_media(self.url, token)[1], _GONE)

    @web.middleware
    async def _troubled(self, request: web.Request, handler: Any) -> web.StreamResponse:  # noqa: ANN401 - aiohttp's own type is private
        if self.delay_s:
            await anyio.sleep(self.delay_s)
        if self.failure is not None:
            return web.Response(status=self.failure, text="<html>Sorry</html>")
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _search(self, request: web.Request) -> web.Response:
        words = request.query.get("q", "").lower().split()
        found = [self._listed(film) for film in self.films.values() if film.matches(words)]
        page = {"count": len(found), "next": None, "previous": None, "results": found[:_PAGE]}
        return web.json_response(page)

    async def _item(self, request: web.Request) -> web.Response:
        film = self.films.get(request.match_info["token"])
        if film is None:
            return web.json_response({"detail": "media file does not exist"}, status=404)
        return web.json_response({**self._listed(film), "encoding_status": "success"})

    async def _manifest(self, request: web.Request) -> web.Response:
        film = self.films.get(request.match_info["token"])
        if film is None:
            return web.json_response({"detail": "media file does not exist"}, status=404)
        source = {
            "url": f"{self.url}/media/original/{film.token}.mp4",
            "contentType": "video/mp4",
            "quality": 480,
        }
        manifest = {"title": film.title, "duration": film.seconds, "sources": [source]}
        return web.json_response({**manifest, "live": False})

    def _listed(self, film: Film) -> dict[str, Any]:
        return {
            "friendly_token": film.token,
            "url": f"{self.url}/view?m={film.token}",
            "api_url": f"{self.url}/api/v1/media/{film.token}",
            "title": film.title,
            "description": film.about,
            "duration": film.seconds,
            "media_type": "video",
            "state": "public",
            "thumbnail_url": f"{self.url}/media/original/thumbnails/{film.token}.jpg",
        }
