"""The media catalogue as the house knows it: it remembers, and asks a server what it does not know.

Promises: every question is answered with a value; one that takes long holds up no other; equal
questions that come at the same time are asked once; answers are kept for the configured time, also
that there is no such item, but never that there was no answer. Everything is bounded, and the
settings are read at each question, so that a reload applies to the next one.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Final, TypeAlias

import structlog

from economy_actors.catalogue.client import Answer, MediaCmsServer, Question, Server, item, search
from economy_actors.context import Context
from economy_actors.messages.catalogue import (
    CatalogueMessage,
    FindItem,
    KnownItems,
    SearchItems,
)
from economy_actors.runtime import Actor, ActorGone, Ref, Reply, Supervision
from kryten_economy.features.catalogue import CatalogueAway, CatalogueItem

__all__ = ("ANSWERS_KEPT_MAX", "MAILBOX", "QUESTIONS_MAX", "WORKERS", "Catalogue", "media_cms")

MAILBOX: Final = 1_024
WORKERS: Final = 16
QUESTIONS_MAX: Final = 256
"""Different ones under way; with a server that is slow nobody waits for more."""

ANSWERS_KEPT_MAX: Final = 500
_TRIM_REPLIES_EVERY = 64
_HANDED_BACK_S = 5.0

_log = structlog.get_logger("catalogue")


def media_cms(context: Context) -> Server:
    """The configured server."""
    return MediaCmsServer(context.metrics.catalogue_request, connections_max=WORKERS)


@dataclass(frozen=True, slots=True)
class Answered:
    """A worker has come back."""

    worker: Ref[Question]
    question: Question
    answer: Answer


Message: TypeAlias = CatalogueMessage | Answered


class Worker(Actor[Question]):
    """Asks the server one question after the other."""

    def __init__(self, server: Server, catalogue: Ref[Message]) -> None:
        self._server = server
        self._catalogue = catalogue

    async def receive(self, message: Question) -> None:
        """Ask, and come back with whatever there is."""
        answered = Answered(self.ref, message, await self._server.ask(message))
        try:
            await self._catalogue.send(answered, timeout_s=_HANDED_BACK_S)
        except ActorGone:
            _log.debug("the catalogue has ended before an answer came")


class Catalogue(Actor[Message]):
    """Owns the cache, the workers and the connections to the server."""

    # An answer that breaks a worker costs that answer alone, however often it is asked for. At a
    # stop nobody waits for a server.
    supervision: ClassVar[Supervision] = Supervision(
        restarts_max=1_000, backoff_max_s=1.0, drain_s=0.2
    )

    def __init__(self, context: Context, server: Callable[[Context], Server] = media_cms) -> None:
        self._context = context
        self._server = server(context)
        self._kept = _Kept()
        self._waiting: dict[Question, list[Reply[Any]]] = {}
        self._queue: deque[Question] = deque()
        self._idle: set[Ref[Question]] = set()
        self._is_away = False

    async def started(self) -> None:
        """Set up the workers."""
        for number in range(WORKERS):
            worker = partial(Worker, self._server, self.ref)
            self._idle.add(self.spawn(f"worker-{number}", worker, kind="catalogue_worker"))

    async def release(self) -> None:
        """Close the connections."""
        await self._server.close()

    async def receive(self, message: Message) -> None:
        """Answer at once, or have the server asked."""
        settings = self._context.live.settings.mediacms
        match message:
            case FindItem(token, reply, fresh):
                self._look_up(item(token, settings), reply, fresh=fresh)
            case SearchItems(query, reply):
                self._look_up(search(query, settings), reply)
            case Answered(worker, question, answer):
                self._settle(worker, question, answer)

    def child_crashed(self, ref: Ref[Any], message: object) -> None:
        """A worker has stumbled over an answer; the others go on."""
        if isinstance(message, Question):
            self._context.metrics.error("catalogue")
            self._settle(ref, message, CatalogueAway("the answer could not be read"))

    def _look_up(self, question: Question, reply: Reply[Any], *, fresh: bool = False) -> None:
        kept = self._kept.find(question, self.now_s(), self._kept_for_s)
        if kept is not None and not fresh:
            reply.send(kept)
            return
        asking = self._waiting.get(question)
        if asking is not None:
            if len(asking) % _TRIM_REPLIES_EVERY == 0:
                asking[:] = [each for each in asking if not each.done]
            asking.append(reply)
        elif len(self._waiting) >= QUESTIONS_MAX:
            _log.warning("too many questions for the media catalogue", once_a_minute="")
            reply.send(CatalogueAway("too many questions"))
        else:
            self._waiting[question] = [reply]
            self._queue.append(question)
            self._hand_out()

    @property
    def _kept_for_s(self) -> float:
        return self._context.live.settings.mediacms.cache_ttl_seconds

    def _hand_out(self) -> None:
        """Give waiting questions to idle workers, except those for which nobody waits any more."""
        while self._idle and self._queue:
            question = self._queue.popleft()
            if all(reply.done for reply in self._waiting[question]):
                del self._waiting[question]
                continue
            self._idle.pop().tell(question)

    def _settle(self, worker: Ref[Question], question: Question, answer: Answer) -> None:
        self._idle.add(worker)
        self._note(answer)
        if not isinstance(answer, CatalogueAway):
            self._kept.add(question, answer, self.now_s())
        if question.kind == "item":
            self._publish(question, answer)
        for reply in self._waiting.pop(question, ()):
            reply.send(answer)
        self._hand_out()

    def _publish(self, question: Question, answer: Answer) -> None:
        """Let everybody look up what was found, without asking here."""
        known = self._context.known_items.value
        is_same = (known.base_url, known.server_token) == (question.base_url, question.token)
        items = {**known.items} if is_same else {}
        items.pop(question.text, None)
        if isinstance(answer, CatalogueItem):
            items[question.text] = (self.now_s(), answer)
        while len(items) > ANSWERS_KEPT_MAX:
            del items[next(iter(items))]
        self._context.known_items.publish(KnownItems(question.base_url, question.token, items))

    def _note(self, answer: Answer) -> None:
        if isinstance(answer, CatalogueAway):
            self._is_away = True
            reason = answer.reason
            _log.warning("the media catalogue gives no answer", reason=reason, once_a_minute=reason)
        elif self._is_away:
            self._is_away = False
            _log.info("the media catalogue answers again")


class _Kept:
    """Answers by question, the oldest forgotten first (P-OPS-13)."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Question, tuple[float, Answer]] = OrderedDict()

    def find(self, question: Question, now_s: float, kept_for_s: float) -> Answer | None:
        """The answer, unless it is too old."""
        at_s, answer = self._answers.get(question, (now_s, None))
        return answer if now_s - at_s < kept_for_s else None

    def add(self, question: Question, answer: Answer, now_s: float) -> None:
        """Keep an answer in place of an older one."""
        self._answers.pop(question, None)
        self._answers[question] = (now_s, answer)
        if len(self._answers) > ANSWERS_KEPT_MAX:
            self._answers.popitem(last=False)
