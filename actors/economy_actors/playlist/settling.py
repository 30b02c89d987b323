"""A purchase is settled in the books, by an id that makes a repetition harmless, and told of."""

from collections.abc import Callable

import structlog

from economy_actors.context import Context
from economy_actors.messages.ledger import Defect
from economy_actors.messages.playlist import PurchaseSettled, SettleAnswer
from economy_actors.outbox.message import Line, Pm, Priority
from economy_actors.runtime import RuntimeFault
from kryten_economy.features.money.texts import currency_variables
from kryten_economy.features.queue import outcomes
from kryten_economy.features.queue.purchases import Purchase
from kryten_economy.features.queue.settling import QueueConfirmed, QueueRefused, SettledPurchase
from kryten_economy.refusals import ReadOnly

__all__ = ("Settling",)

_AGAIN_S = 1.0
_READ_ONLY_S = 30.0

_log = structlog.get_logger("playlist")


class Settling:
    """``ask`` has the actor ask the books, and the answer is told to `answered`."""

    def __init__(
        self,
        channel: str,
        context: Context,
        ask: Callable[[QueueConfirmed | QueueRefused], None],
        later: Callable[[float, PurchaseSettled], object],
        trace: Callable[[], str | None],
    ) -> None:
        self._channel = channel
        self._context = context
        self._ask = ask
        self._later = later
        self._trace = trace
        self._open: set[str] = set()

    def is_open(self, purchase_id: str) -> bool:
        """Whether the books are being asked about this purchase."""
        return purchase_id in self._open

    def keep(self, purchase: Purchase, uid: int) -> None:
        """Its item stands on the playlist: it is paid."""
        at_ms, day = self._now()
        op_id = f"queued:{purchase.id}"
        self._begin(QueueConfirmed(op_id, self._channel, purchase.id, uid, at_ms, day))

    def give_back(self, purchase: Purchase, reason: str) -> None:
        """It can't be played."""
        at_ms, day = self._now()
        _log.info("not played", channel=self._channel, purchase=purchase.id, reason=reason)
        op_id = f"unqueued:{purchase.id}"
        self._begin(QueueRefused(op_id, self._channel, purchase.id, reason, at_ms, day))

    def _now(self) -> tuple[int, str]:
        at_ms = self._context.clock.now_ms()
        return at_ms, self._context.live.calendar.day(at_ms)

    def _begin(self, request: QueueConfirmed | QueueRefused) -> None:
        self._open.add(request.purchase_id)
        self._ask(request)

    def answered(self, message: PurchaseSettled) -> SettleAnswer | None:
        """What the books say; None as long as nobody knows whether they have it."""
        request, answer = message.request, message.answer
        if isinstance(answer, RuntimeFault | ReadOnly) and not isinstance(answer, Defect):
            self._again(message)
            return None
        self._open.discard(request.purchase_id)
        if not isinstance(answer, SettledPurchase):
            _log.error("purchase not settled", purchase=request.purchase_id, answer=repr(answer))
        return answer

    def _again(self, message: PurchaseSettled) -> None:
        if message.waited:
            self._ask(message.request)
            return
        _log.warning(
            "a purchase is asked for again",
            channel=self._channel,
            fault=repr(message.answer),
            once_a_minute=self._channel,
        )
        delay_s = _READ_ONLY_S if isinstance(message.answer, ReadOnly) else _AGAIN_S
        self._later(delay_s, PurchaseSettled(message.request, message.answer, waited=True))

    # Telling

    def tell(self, purchase: Purchase, text: str) -> None:
        """Write to the buyer about their money; quiet mode does not mute it."""
        self.say(Pm(purchase.display_name, text, Priority.RESULT, trace=self._trace()))

    def say(self, message: Line | Pm) -> None:
        """Hand something to the outbox; money never depends on it."""
        if not self._context.outboxes[self._channel].offer(message):
            _log.warning("message lost", channel=self._channel)

    def tell_refund(self, settled: SettledPurchase, reason: str) -> None:
        """To the buyer: why not, and what came back."""
        purchase, balance_z = settled.purchase, settled.wallet.balance_z
        symbol = self._context.live.settings.currency.symbol
        text = outcomes.refunded(purchase.title, reason, settled.refund_z, balance_z, symbol)
        self.tell(purchase, text)

    def tell_queued(self, settled: SettledPurchase, saved_z: int) -> None:
        """To the buyer what it cost, and to the channel who has queued something."""
        purchase, settings = settled.purchase, self._context.live.settings
        self.tell(
            purchase,
            outcomes.queued(
                purchase.action,
                purchase.title,
                purchase.price_z,
                saved_z,
                settled.wallet.balance_z,
                settings.currency.symbol,
            ),
        )
        text = outcomes.queue_line(
            settings.announcements.templates.queue,
            currency_variables(settings.currency),
            user=purchase.display_name,
            title=purchase.title,
            price_z=purchase.price_z,
        )
        self.say(Line(text, gate="queue_purchase", trace=self._trace()))
