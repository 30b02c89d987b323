"""Questions for trivia: from Open Trivia DB, kept in store, and our own for when it is away.

Promises: whoever asks has a question within `PATIENCE_S`, however the server behaves; a request
ends after `TIMEOUT_S` and no answer is read further than `BODY_BYTES_MAX`; requests are at least
`PACE_S` apart; all that is kept is bounded. The settings are read at each use.
Limits: aiohttp needs the asyncio backend. Proxies of the environment are not used.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Final, Protocol, TypeAlias

import aiohttp
import anyio
import structlog

from economy_actors.context import Context
from economy_actors.messages.questions import PickQuestion
from economy_actors.runtime import Actor, Ref, Supervision, Timer
from kryten_economy.features.games.questions import (
    DIFFICULTIES,
    Batch,
    MalformedBatchError,
    OwnPool,
    Question,
    read_batch,
    read_token,
)

__all__ = (
    "BODY_BYTES_MAX",
    "PACE_S",
    "PATIENCE_S",
    "NoQuestions",
    "OpenTriviaDb",
    "Questions",
    "Source",
    "Wish",
)

BODY_BYTES_MAX: Final = 512 * 1024
"""Fifty questions have some twenty kilobytes."""

TIMEOUT_S: Final = 10.0
PACE_S: Final = 5.0
"""Open Trivia DB takes one request in five seconds from an address."""

PATIENCE_S: Final = 8.0
"""Whoever wants to play waits no longer for a server."""

_REQUESTS_MAX = 8
_AWAY_S = 60.0
_AGAIN_MAX_S = 3600.0
"""Where nobody plays, a server that stays away is asked ever more seldom; a game asks it."""

_log = structlog.get_logger("questions")


@dataclass(frozen=True, slots=True)
class Wish:
    """Which questions to fetch; a ``difficulty`` of "" and a ``category`` of None are any."""

    url: str
    amount: int
    difficulty: str = ""
    category: int | None = None

    @property
    def parameters(self) -> dict[str, str]:
        """As Open Trivia DB is asked."""
        asked = {"amount": str(self.amount), "type": "multiple"}
        if self.difficulty:
            asked["difficulty"] = self.difficulty
        if self.category is not None:
            asked["category"] = str(self.category)
        return asked


@dataclass(frozen=True, slots=True)
class NoQuestions:
    """None could be fetched; ``reason`` is for operators."""

    reason: str


Fetched: TypeAlias = tuple[Question, ...] | NoQuestions


class Source(Protocol):
    """Where questions come from."""

    async def fetch(self, wish: Wish) -> Fetched:
        """Some questions, which may take a while."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class _FetchError(Exception):
    """There will be no questions; why, without anything secret."""


class OpenTriviaDb:
    """Asks over HTTP, with a session token so that no question comes twice.

    ``sleep`` waits between requests, ``now_s`` is the clock for it.
    """

    def __init__(
        self,
        *,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        now_s: Callable[[], float] = anyio.current_time,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._sleep = sleep
        self._now_s = now_s
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None
        self._token = ""
        self._token_of = ""
        self._asked_at_s: float | None = None

    async def fetch(self, wish: Wish) -> Fetched:
        """Some questions, after as many requests as it takes (P-GAM-18)."""
        try:
            return await self._fetch(wish)
        except (_FetchError, MalformedBatchError) as failed:
            return NoQuestions(str(failed))
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
            return NoQuestions("gambling.trivia.api_url is no web address")
        except (aiohttp.ClientError, OSError) as error:
            return NoQuestions(type(error).__name__)
        except ValueError:
            # Only what the settings hold reaches the request unchecked.
            return NoQuestions("gambling.trivia has settings HTTP can't carry")

    async def close(self) -> None:
        """Close the connections; asking again opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _fetch(self, wish: Wish) -> tuple[Question, ...]:
        for _ in range(_REQUESTS_MAX):
            if not self._token or self._token_of != wish.url:
                await self._new_token(wish.url)
                continue
            batch = await self._questions(wish)
            match batch.code:
                case 0 if batch.questions:
                    return batch.questions
                case 0:
                    raise _FetchError("no question that can be used")
                case 1 | 2:
                    wish = _wider(wish)
                case 3:
                    self._token = ""
                case 4:
                    await self._reset_token(wish.url)
                case 5:
                    pass  # the pace before the next request is what it asks for
                case code:
                    raise _FetchError(f"code {code}")
        raise _FetchError("no questions after many requests")

    async def _questions(self, wish: Wish) -> Batch:
        parameters = {**wish.parameters, "token": self._token}
        body = await self._get(f"{wish.url}/api.php", parameters)
        return Batch(5) if body is None else read_batch(body)

    async def _new_token(self, url: str) -> None:
        body = await self._get(f"{url}/api_token.php", {"command": "request"})
        if body is None:
            return
        code, token = read_token(body)
        if code == 0 and not token:
            raise MalformedBatchError("no token")
        if code not in {0, 5}:
            raise _FetchError(f"no token: code {code}")
        self._token, self._token_of = token, url

    async def _reset_token(self, url: str) -> None:
        """All questions were told: begin anew with the same token, or with another one."""
        parameters = {"command": "reset", "token": self._token}
        body = await self._get(f"{url}/api_token.php", parameters)
        if body is None or read_token(body)[0] != 0:
            self._token = ""

    async def _get(self, url: str, parameters: dict[str, str]) -> bytes | None:
        """The body of an answer; None if it was too soon for the server."""
        if self._asked_at_s is not None:
            wait_s = self._asked_at_s + PACE_S - self._now_s()
            if wait_s > 0:
                await self._sleep(wait_s)
        try:
            return await self._body(url, parameters)
        finally:
            self._asked_at_s = self._now_s()

    async def _body(self, url: str, parameters: dict[str, str]) -> bytes | None:
        request = self._connected().get(
            url,
            params=parameters,
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(total=self._timeout_s),
            allow_redirects=False,
        )
        async with request as response:
            if response.status == 429:
                return None
            if response.status != 200:
                raise _FetchError(f"status {response.status}")
            body = bytearray()
            async for part in response.content.iter_any():
                body += part
                if len(body) > BODY_BYTES_MAX:
                    raise _FetchError("an answer without end")
            return bytes(body)

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=1),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                # What is packed might be endless once it is unpacked.
                auto_decompress=False,
            )
        return self._session


def _wider(wish: Wish) -> Wish:
    """The same with one demand less: first any difficulty will do, then any category."""
    if wish.difficulty:
        return replace(wish, difficulty="")
    if wish.category is not None:
        return replace(wish, category=None)
    raise _FetchError("there are no questions")


# The store


@dataclass(frozen=True, slots=True)
class _Back:
    """The worker has come back."""

    wish: Wish
    fetched: Fetched


@dataclass(frozen=True, slots=True)
class _Impatient:
    """Whoever asked for this question has waited long enough."""

    asked: PickQuestion


@dataclass(frozen=True, slots=True)
class _Refill:
    """Time to look whether the store needs anything."""


_Message: TypeAlias = PickQuestion | _Back | _Impatient | _Refill


class Worker(Actor[Wish]):
    """Fetches one batch after the other."""

    def __init__(self, source: Source, questions: Ref[_Message]) -> None:
        self._source = source
        self._questions = questions

    async def receive(self, message: Wish) -> None:
        """Fetch, and come back with whatever there is."""
        self._questions.offer(_Back(message, await self._source.fetch(message)))


class Questions(Actor[_Message]):
    """Owns the store, the worker and the connections."""

    # An answer that breaks the worker costs that answer alone. At a stop nobody waits for a server.
    supervision: ClassVar[Supervision] = Supervision(
        restarts_max=1_000, backoff_max_s=1.0, drain_s=0.2
    )

    def __init__(self, context: Context, source: Callable[[], Source] = OpenTriviaDb) -> None:
        self._context = context
        self._source = source()
        self._own = OwnPool()
        self._kept: list[Question] = []
        self._kept_for: tuple[str, int | None] = ("", None)
        self._waiting: list[tuple[PickQuestion, str]] = []
        self._is_fetching = False
        self._is_away = False
        self._away_until_s = 0.0
        self._again_s = _AWAY_S
        self._again: Timer | None = None

    async def started(self) -> None:
        """Set up the worker, and fill the store in the background."""
        worker = partial(Worker, self._source, self.ref)
        self._worker = self.spawn("worker", worker, kind="questions_worker")
        self.after(0.0, _Refill())

    async def release(self) -> None:
        """Close the connections."""
        await self._source.close()

    async def receive(self, message: _Message) -> None:
        """Answer from the store, or have more fetched."""
        match message:
            case PickQuestion():
                self._pick(message)
            case _Back():
                self._back(message)
            case _Impatient(asked):
                self._give_up(asked)
            case _Refill():
                self._refill()

    def child_crashed(self, _ref: Ref[Any], message: object) -> None:
        """The worker has stumbled over an answer."""
        if isinstance(message, Wish):
            self._context.metrics.error("questions")
            self.ref.offer(_Back(message, NoQuestions("the answer could not be read")))

    def _pick(self, asked: PickQuestion) -> None:
        trivia, dice = self._context.live.settings.gambling.trivia, self._context.dice
        wanted = dice.pick(DIFFICULTIES) if trivia.difficulty == "random" else trivia.difficulty
        self._forget_others()
        kept = next((each for each in self._kept if each.difficulty == wanted), None)
        if kept is not None:
            self._give(asked, kept)
        elif self._is_fetching or self._may_fetch:
            self._waiting.append((asked, wanted))
            self.after(PATIENCE_S, _Impatient(asked))
            self._fetch(wanted)
        else:
            self._give_any(asked, wanted)
        self._refill()

    def _give(self, asked: PickQuestion, kept: Question) -> None:
        self._kept.remove(kept)
        asked.reply.send(kept)

    def _give_any(self, asked: PickQuestion, wanted: str) -> None:
        """Any that is kept, or one of our own."""
        if asked.reply.done:
            return
        fitting = [each for each in self._kept if each.difficulty == wanted] or self._kept
        if fitting:
            self._give(asked, fitting[0])
            return
        category = self._context.live.settings.gambling.trivia.category
        asked.reply.send(self._own.pick(self._context.dice, wanted, category))

    def _give_up(self, asked: PickQuestion) -> None:
        for each in self._waiting:
            if each[0] is asked:
                self._waiting.remove(each)
                self._give_any(*each)
                return

    # Fetching

    @property
    def _may_fetch(self) -> bool:
        games = self._context.live.settings.gambling
        is_wanted = games.enabled and games.trivia.enabled and bool(games.trivia.api_url)
        return is_wanted and self.now_s() >= self._away_until_s

    def _forget_others(self) -> None:
        """What was fetched from elsewhere, or of a category that is wanted no longer."""
        trivia = self._context.live.settings.gambling.trivia
        kept_for = (trivia.api_url, trivia.category)
        if kept_for != self._kept_for:
            self._kept_for = kept_for
            self._kept.clear()
            self._away_until_s = 0.0

    def _refill(self) -> None:
        """Fill the store when less than a quarter is left of it."""
        self._forget_others()
        trivia = self._context.live.settings.gambling.trivia
        if len(self._kept) * 4 < trivia.question_cache_size:
            self._fetch("" if trivia.difficulty == "random" else trivia.difficulty)

    def _fetch(self, difficulty: str) -> None:
        if self._is_fetching or not self._may_fetch:
            return
        trivia = self._context.live.settings.gambling.trivia
        room = max(1, trivia.question_cache_size - len(self._kept))
        self._is_fetching = True
        self._worker.tell(Wish(trivia.api_url, room, difficulty, trivia.category))

    def _back(self, back: _Back) -> None:
        self._is_fetching = False
        self._forget_others()
        fetched, trivia = back.fetched, self._context.live.settings.gambling.trivia
        if isinstance(fetched, NoQuestions):
            self._is_away = True
            self._away_until_s = self.now_s() + _AWAY_S
            if self._again is not None:
                self._again.cancel()
            self._again = self.after(self._again_s + 0.1, _Refill())
            self._again_s = min(2 * self._again_s, _AGAIN_MAX_S)
            why = fetched.reason
            _log.warning("no questions from Open Trivia DB", reason=why, once_a_minute=why)
        elif self._kept_for == (back.wish.url, back.wish.category):
            if self._is_away:
                self._is_away = False
                self._again_s = _AWAY_S
                _log.info("Open Trivia DB answers again")
            room = max(0, trivia.question_cache_size - len(self._kept))
            self._kept.extend(fetched[: max(1, room)])
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            self._give_any(*each)
        if waiting or not isinstance(fetched, NoQuestions):
            self._refill()
