"""What a channel does about bought things: settles what the outside has done, greets, knows titles.

A level counts as given when CyTube tells the new rank, since the bot's own answer proves nothing;
a line counts as said when its echo came back. Whatever is settled is told to its buyer after the
commit. Greetings wait 3 s after the first of them, whoever comes meanwhile, and are one line.
"""

from collections.abc import Callable
from typing import assert_never

import structlog

from economy_actors.context import Context, adorn, shown_name
from economy_actors.messages.vanity import (
    GreetingOwed,
    GreetingsDue,
    LevelOverdue,
    LevelSold,
    LineTold,
    PurchaseSettled,
    SettleDue,
    VanityMessage,
    VanityRead,
)
from economy_actors.outbox.message import Line, Pm, Priority
from economy_actors.runtime import RuntimeFault
from kryten_economy.features.money.texts import currency_variables
from kryten_economy.features.possessions import owned_by_all
from kryten_economy.features.presence.rules import Roster
from kryten_economy.features.ranks import texts as ranks_texts
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.shop.operations import ANNOUNCEMENT
from kryten_economy.features.shop.texts import not_said
from kryten_economy.features.vanity import texts
from kryten_economy.features.vanity.operations import (
    SHOUTOUT,
    LevelPurchase,
    Settled,
    SettlePurchase,
    open_levels,
    open_shoutouts,
)
from kryten_economy.features.vanity.rules import CURRENCY_NAME, TITLE
from kryten_economy.users import UserKey

__all__ = ("GREETING_WAIT_S", "LEVEL_PATIENCE_S", "Vanity", "read_vanity")

GREETING_WAIT_S = 3.0
"""How long the first greeting waits for others."""
LEVEL_PATIENCE_S = 15.0
"""CyTube tells a new rank within moments."""
_RESUMED_PATIENCE_S = 120.0
"""After a start the robot's user list has to come first."""
_AGAIN_S = 30.0
_GREETINGS_MAX = 50

_log = structlog.get_logger("vanity")


class Vanity:
    """``settle`` has the books settle a purchase, ``read`` has them say what is owned.

    ``later`` tells the channel something later.
    """

    def __init__(
        self,
        channel: str,
        context: Context,
        roster: Roster,
        settle: Callable[[SettlePurchase], None],
        read: Callable[[], None],
        later: Callable[[float, VanityMessage], object],
    ) -> None:
        self._channel = channel
        self._context = context
        self._roster = roster
        self._settle = settle
        self._read = read
        self._later = later
        self._levels: dict[str, LevelPurchase] = {}
        self._greetings: dict[str, GreetingOwed] = {}

    def news(self, message: VanityMessage) -> None:
        """See to what has happened, or is due now."""
        match message:
            case LineTold(receipt, said):
                self._settle(self._request(receipt, done=said, reason=texts.NOT_SAID))
            case LevelSold(purchase, resumed):
                self._sold(purchase, resumed=resumed)
            case LevelOverdue(hold_id):
                self._overdue(hold_id)
            case SettleDue(request):
                self._settle(request)
            case PurchaseSettled(request, answer):
                self._settled(request, answer)
            case GreetingOwed():
                self._owe(message)
            case GreetingsDue():
                self._greet()
            case VanityRead():
                self._known(message)
            case _:
                assert_never(message)

    # Levels

    def ranked(self, name: str, rank: float) -> None:
        """CyTube told a rank: what was paid for it is earned."""
        for purchase in list(self._levels.values()):
            if purchase.name == name.lower() and rank >= purchase.level:
                self._given(purchase)

    def listed(self) -> None:
        """A user list tells ranks as well."""
        for purchase in list(self._levels.values()):
            if self._has(purchase):
                self._given(purchase)

    def _sold(self, purchase: LevelPurchase, *, resumed: bool) -> None:
        self._levels[purchase.hold_id] = purchase
        if self._has(purchase):
            self._given(purchase)
            return
        patience_s = _RESUMED_PATIENCE_S if resumed else LEVEL_PATIENCE_S
        self._later(patience_s, LevelOverdue(purchase.hold_id))

    def _has(self, purchase: LevelPurchase) -> bool:
        visit = self._roster.get(purchase.name)
        return visit is not None and visit.rank_confirmed and visit.rank >= purchase.level

    def _given(self, purchase: LevelPurchase) -> None:
        del self._levels[purchase.hold_id]
        self._settle(self._request(purchase.hold_id, done=True, reason=""))

    def _overdue(self, hold_id: str) -> None:
        purchase = self._levels.pop(hold_id, None)
        if purchase is not None:
            self._settle(self._request(hold_id, done=False, reason=texts.NOT_GIVEN))

    # Settling

    def _request(self, hold_id: str, *, done: bool, reason: str) -> SettlePurchase:
        at_ms = self._context.clock.now_ms()
        op_id = f"settle:{hold_id}:{'done' if done else 'failed'}"
        day = self._context.live.calendar.day(at_ms)
        return SettlePurchase(op_id, hold_id, done, reason, at_ms, day)

    def _settled(self, request: SettlePurchase, answer: object) -> None:
        if not isinstance(answer, RuntimeFault):
            self._context.shoutouts.discard(request.hold_id)
        match answer:
            case Settled(replayed=False):
                self._tell(answer)
            case RuntimeFault():
                self._later(_AGAIN_S, SettleDue(request))
            case _:
                _log.info("purchase was settled before", hold=request.hold_id, answer=answer)

    def _tell(self, settled: Settled) -> None:
        symbol, wallet = self._context.live.settings.currency.symbol, settled.wallet
        if settled.purpose == SHOUTOUT:
            if not settled.done:
                self._pm(settled, texts.shoutout_failed(settled.amount_z, wallet.balance_z, symbol))
            return
        if settled.purpose == ANNOUNCEMENT:
            if not settled.done:
                self._pm(settled, not_said(settled.amount_z, wallet.balance_z, symbol))
            return
        if not settled.done:
            self._pm(settled, texts.level_failed(settled.amount_z, wallet.balance_z, symbol))
            return
        self._pm(settled, texts.level_bought(settled.amount_z, wallet.balance_z, symbol))
        self._announce_level(settled)

    def _pm(self, settled: Settled, text: str) -> None:
        pm = Pm(to=settled.wallet.display_name, text=text, priority=Priority.RESULT)
        self._context.outboxes[self._channel].offer(pm)

    def _announce_level(self, settled: Settled) -> None:
        settings = self._context.live.settings
        name = shown_name(self._context, settled.wallet.user, settled.wallet.display_name)
        text = ranks_texts.rank_ups(
            settings.announcements.templates.rank_up,
            [(texts.LEVEL_RANK, [name])],
            currency_variables(settings.currency),
        )
        self._context.outboxes[self._channel].offer(Line(text, gate="rank_promotion"))

    # Greetings

    def _owe(self, owed: GreetingOwed) -> None:
        if len(self._greetings) >= _GREETINGS_MAX:
            _log.warning("greeting dropped, too many came at once", user=owed.display_name)
            return
        self._greetings[owed.name] = owed
        # From the first one on: a timer that each newcomer restarts might never end (P-MSG-9).
        if len(self._greetings) == 1:
            self._later(GREETING_WAIT_S, GreetingsDue())

    def _greet(self) -> None:
        owed, self._greetings = list(self._greetings.values()), {}
        here = [each for each in owed if self._is_here(each.name)]
        if not here:
            return
        settings = self._context.live.settings
        text = texts.greetings(
            settings.announcements.templates.greeting,
            [(each.display_name, each.text) for each in here],
            currency_variables(settings.currency),
        )
        line = Line(text, gate="custom_greeting", batch=True)
        self._context.outboxes[self._channel].offer(line)

    def _is_here(self, name: str) -> bool:
        visit = self._roster.get(name)
        return visit is not None and visit.connected

    # What stands in the books at the start

    def _known(self, read: VanityRead) -> None:
        if read.owned is None:
            if read.waited:
                self._read()
            else:
                self._later(_AGAIN_S, VanityRead(None, waited=True))
            return
        for each in read.owned:
            adorn(self._context, UserKey(self._channel, each.name), each.type, each.value)
        for purchase in read.levels:
            if purchase.hold_id not in self._levels:
                self._sold(purchase, resumed=True)
        for hold_id in read.shoutouts:
            if hold_id not in self._context.shoutouts:
                # The line died with the process that had sold it.
                self._settle(self._request(hold_id, done=False, reason="Service restarted"))


def read_vanity(reports: Reports, channel: str) -> VanityRead:
    """What is shown with names, and what levels are still to be confirmed."""
    owned = (*owned_by_all(reports, channel, TITLE), *owned_by_all(reports, channel, CURRENCY_NAME))
    return VanityRead(owned, open_levels(reports, channel), open_shoutouts(reports, channel))
