"""The way to a MediaCMS server: one question, up to three attempts, one answer (`spending.md`).

Promises: every attempt ends in time, however the server behaves; no answer is read further than
`BODY_BYTES_MAX`; the token goes to the configured host only; what fails is an answer as well.
Limits: aiohttp needs the asyncio backend. Proxies of the environment are not used.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias
from urllib.parse import urljoin, urlsplit

import aiohttp
import anyio
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_chain,
    wait_fixed,
)

from economy_actors.messages.catalogue import ItemAnswer, SearchAnswer
from economy_actors.metrics.families import CatalogueResult
from economy_actors.web import EndlessAnswerError, read_body, web_session
from kryten_economy.config.spending import MediaCms
from kryten_economy.features.catalogue import (
    CatalogueAway,
    MalformedAnswerError,
    NotInCatalogue,
    read_item,
    read_results,
    search_key,
)

__all__ = ("BODY_BYTES_MAX", "Answer", "MediaCmsServer", "Question", "Server", "item", "search")

BODY_BYTES_MAX: Final = 2 * 1024 * 1024
"""A page of results has some hundred kilobytes."""

_ATTEMPTS = 3
_PAUSES_S = (1.0, 2.0)
_REDIRECTS_MAX = 3

Kind: TypeAlias = Literal["item", "search"]
Answer: TypeAlias = ItemAnswer | SearchAnswer


@dataclass(frozen=True, slots=True)
class Question:
    """What a server is asked, and how; equal ones have the same answer.

    It carries the settings that the answer depends on, so that new ones are another question.
    """

    kind: Kind
    text: str = field(repr=False)
    most: int
    base_url: str
    token: str | None = field(repr=False)
    timeout_s: float = field(compare=False)


def item(token: str, settings: MediaCms) -> Question:
    """Which item has this token?"""
    return _question("item", token, 1, settings)


def search(query: str, settings: MediaCms) -> Question:
    """Which items match?"""
    return _question("search", search_key(query), settings.search_results_limit, settings)


def _question(
    kind: Literal["item", "search"], text: str, most: int, settings: MediaCms
) -> Question:
    timeout_s = settings.request_timeout_seconds
    return Question(kind, text, most, settings.server_url, settings.token, timeout_s)


class Server(Protocol):
    """Whoever is asked about media."""

    async def ask(self, question: Question) -> Answer:
        """The answer, which may take a while; CatalogueAway if there is none."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class _AttemptError(Exception):
    """An attempt has failed; ``reason`` is for operators and holds nothing secret."""

    def __init__(self, result: CatalogueResult, reason: str) -> None:
        super().__init__(reason)
        self.result = result
        self.reason = reason


class _PassingError(_AttemptError):
    """Another attempt may succeed."""


class MediaCmsServer:
    """Asks over HTTP; ``count`` is told how each request ended, ``sleep`` waits between them."""

    def __init__(
        self,
        count: Callable[[CatalogueResult], None],
        *,
        connections_max: int,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._count = count
        self._connections_max = connections_max
        self._session: aiohttp.ClientSession | None = None
        self._retrying = AsyncRetrying(
            sleep=sleep,
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_chain(*map(wait_fixed, _PAUSES_S)),
            retry=retry_if_exception_type(_PassingError),
            reraise=True,
        )

    async def ask(self, question: Question) -> Answer:
        """The answer after as many attempts as it takes."""
        try:
            return await self._retrying.copy()(self._attempt, question)
        except _AttemptError as failed:
            return CatalogueAway(failed.reason)

    async def close(self) -> None:
        """Close the connections; asking again opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _attempt(self, question: Question) -> Answer:
        try:
            answer = await self._answer(question)
        except _AttemptError as failed:
            self._count(failed.result)
            raise
        self._count("not_found" if isinstance(answer, NotInCatalogue) else "ok")
        return answer

    async def _answer(self, question: Question) -> Answer:
        try:
            return await self._read(question)
        except TimeoutError as error:
            raise _PassingError("timeout", "no answer in time") from error
        except MalformedAnswerError as error:
            raise _AttemptError("malformed", str(error)) from error
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
            raise _AttemptError("rejected", "mediacms.base_url is no web address") from error
        except (aiohttp.ClientError, OSError) as error:
            raise _PassingError("unreachable", _named(error)) from error
        except ValueError as error:
            # Only what the settings hold reaches the request unchecked.
            raise _AttemptError("rejected", "mediacms has settings HTTP can't carry") from error

    async def _read(self, question: Question) -> Answer:
        until_s = anyio.current_time() + question.timeout_s
        url, words = f"{question.base_url}/api/v1/media", None
        if question.kind == "item":
            url += f"/{question.text}"
        else:
            words = {"q": question.text}
        headers = {"Accept": "application/json"}
        if question.token is not None:
            headers["Authorization"] = f"Token {question.token}"
        for _ in range(_REDIRECTS_MAX + 1):
            timeout = aiohttp.ClientTimeout(total=max(0.001, until_s - anyio.current_time()))
            request = self._connected().get(
                url, params=words, headers=headers, timeout=timeout, allow_redirects=False
            )
            async with request as response:
                if response.status not in _REDIRECTED:
                    return await _understood(question, response)
                location = response.headers.get("Location", "")
                url, words = _next_address(str(response.url), location), None
        raise _AttemptError("rejected", "too many redirects")

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = web_session(self._connections_max, unpack=True)
        return self._session


class _Place(NamedTuple):
    """Whom an address leads to."""

    scheme: str
    host: str | None
    port: int


_REDIRECTED = frozenset({301, 302, 303, 307, 308})


def _next_address(url: str, location: str) -> str:
    """Where a redirect leads: only to the same host, and never from HTTPS to plain HTTP."""
    try:
        target = urljoin(url, location)
        here, there = _place(url), _place(target)
    except ValueError as error:
        raise _AttemptError("rejected", "a redirect to nowhere") from error
    if there not in {here, here._replace(scheme="https", port=443)}:
        raise _AttemptError("rejected", "a redirect to another host")
    return target


def _place(url: str) -> _Place:
    parts = urlsplit(url)
    standard = 443 if parts.scheme == "https" else 80
    return _Place(parts.scheme, parts.hostname, parts.port or standard)


async def _understood(question: Question, response: aiohttp.ClientResponse) -> Answer:
    status = response.status
    if status == 404 and question.kind == "item":
        return NotInCatalogue(question.text)
    if status == 429:
        raise _PassingError("throttled", "429: too many requests")
    if status >= 500:
        raise _PassingError("server_error", f"status {status}")
    if status in {401, 403}:
        raise _AttemptError("rejected", f"status {status}: is mediacms.api_token right?")
    if status == 404:
        raise _AttemptError("rejected", "status 404: is mediacms.base_url right?")
    if not 200 <= status < 300:
        raise _AttemptError("rejected", f"status {status}")
    try:
        body = await read_body(response, BODY_BYTES_MAX)
    except EndlessAnswerError as error:
        raise MalformedAnswerError(str(error)) from error
    if question.kind == "item":
        return read_item(body, question.text)
    return read_results(body, question.most)


def _named(error: aiohttp.ClientError | OSError) -> str:
    """What went wrong, without addresses and search words."""
    why = error.strerror if isinstance(error, OSError) else None
    return f"{type(error).__name__}: {why}" if why else type(error).__name__
