"""The way to text models: OpenAI-compatible endpoints that write lines for the games.

Promises: every question is answered with a value; every try ends in time, however the server
behaves; no answer is read further than `BODY_BYTES_MAX`; the key goes to the configured address
only and into no log; questions under way and waiting are bounded. Nobody waits for an answer: it
is told when it comes.
Limits: aiohttp needs the asyncio backend. Proxies of the environment are not used.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Final, Protocol, TypeAlias

import aiohttp
import anyio
import structlog

from economy_actors.messages.llm import Compose, NoText, Text
from economy_actors.runtime import Actor, Ref, Supervision
from economy_actors.web import EndlessAnswerError, read_body, web_session
from kryten_economy.config.race import Llm as Settings
from kryten_economy.features.narration import (
    MalformedAnswerError,
    Wanted,
    ask_body,
    read_answer,
)

__all__ = ("BODY_BYTES_MAX", "QUESTIONS_MAX", "WORKERS", "Llm", "LlmServer", "Models")

BODY_BYTES_MAX: Final = 256 * 1024
"""Four lines and what a server tells around them have some kilobytes."""

WORKERS: Final = 4
QUESTIONS_MAX: Final = 32
"""Those that wait; whoever asks then uses other texts."""

_PAUSE_S = 1.0

_log = structlog.get_logger("llm")


class Models(Protocol):
    """Whoever writes."""

    async def compose(self, settings: Settings, prompt: str, wanted: Sequence[Wanted]) -> Text:
        """The lines, which may take a while; NoText if there are none."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class _TryError(Exception):
    """A try has failed; ``reason`` holds nothing secret. ``final``: another one can't succeed."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.final = final


class LlmServer:
    """Asks over HTTP; ``sleep`` waits between tries."""

    def __init__(self, *, sleep: Callable[[float], Awaitable[None]] = anyio.sleep) -> None:
        self._sleep = sleep
        self._session: aiohttp.ClientSession | None = None

    async def compose(self, settings: Settings, prompt: str, wanted: Sequence[Wanted]) -> Text:
        """The lines after as many tries as are allowed."""
        if not settings.endpoint.strip():
            return NoText("no endpoint is configured")
        reason = ""
        for attempt in range(settings.max_retries + 1):
            if attempt:
                await self._sleep(_PAUSE_S)
            try:
                return await self._try(settings, prompt, wanted)
            except _TryError as failed:
                reason = failed.reason
                if failed.final:
                    break
        return NoText(reason)

    async def close(self) -> None:
        """Close the connections; asking again opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _try(self, settings: Settings, prompt: str, wanted: Sequence[Wanted]) -> Text:
        try:
            return read_answer(await self._post(settings, prompt), wanted)
        except TimeoutError as error:
            raise _TryError("no answer in time") from error
        except MalformedAnswerError as error:
            raise _TryError(str(error)) from error
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
            raise _TryError("the endpoint is no web address", final=True) from error
        except (aiohttp.ClientError, OSError) as error:
            raise _TryError(type(error).__name__) from error
        except ValueError as error:
            # Only what the settings hold reaches the request unchecked.
            raise _TryError("the settings hold what HTTP can't carry", final=True) from error

    async def _post(self, settings: Settings, prompt: str) -> bytes:
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if settings.api_key:
            headers["Authorization"] = f"Bearer {settings.api_key}"
        request = self._connected().post(
            settings.endpoint.strip(),
            json=ask_body(settings, prompt),
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=settings.timeout_seconds),
            # Another address was not configured, and must not get the key.
            allow_redirects=False,
        )
        async with request as response:
            if response.status != 200:
                raise _TryError(f"status {response.status}")
            try:
                return await read_body(response, BODY_BYTES_MAX)
            except EndlessAnswerError as error:
                raise _TryError(str(error)) from error

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = web_session(WORKERS)
        return self._session


@dataclass(frozen=True, slots=True)
class _Idle:
    """A worker has told what came of its question."""

    worker: Ref[Compose]


_Message: TypeAlias = Compose | _Idle


class Worker(Actor[Compose]):
    """Asks one question after the other."""

    def __init__(self, models: Models, llm: Ref[_Message]) -> None:
        self._models = models
        self._llm = llm

    async def receive(self, message: Compose) -> None:
        """Ask, and tell whatever there is."""
        try:
            text = await self._models.compose(message.settings, message.prompt, message.wanted)
            message.to.offer(message.make(text))
        finally:
            self._llm.offer(_Idle(self.ref))


class Llm(Actor[_Message]):
    """Owns the workers and the connections."""

    # An answer that breaks a worker costs that answer alone. At a stop nobody waits for a model.
    supervision: ClassVar[Supervision] = Supervision(
        restarts_max=1_000, backoff_max_s=1.0, drain_s=0.2
    )

    def __init__(self, models: Callable[[], Models] = LlmServer) -> None:
        self._models = models()
        self._queue: deque[Compose] = deque()
        self._idle: set[Ref[Compose]] = set()

    async def started(self) -> None:
        """Set up the workers."""
        for number in range(WORKERS):
            worker = partial(Worker, self._models, self.ref)
            self._idle.add(self.spawn(f"worker-{number}", worker, kind="llm_worker"))

    async def release(self) -> None:
        """Close the connections."""
        await self._models.close()

    async def receive(self, message: _Message) -> None:
        """Hand a question to whoever is idle, or keep it in line."""
        if isinstance(message, _Idle):
            self._idle.add(message.worker)
        elif len(self._queue) >= QUESTIONS_MAX:
            message.to.offer(message.make(NoText("too many questions")))
        else:
            self._queue.append(message)
        while self._idle and self._queue:
            self._idle.pop().tell(self._queue.popleft())

    def child_crashed(self, _ref: Ref[Any], message: object) -> None:
        """A worker has stumbled over an answer: whoever asked has no text."""
        if isinstance(message, Compose):
            _log.error("an answer of a text model could not be read")
            message.to.offer(message.make(NoText("the answer could not be read")))
