"""The seller of a channel's chat colours: one purchase after the other, each read, written, proved.

The price is set aside first. It is taken, and the colour stored, when CyTube has told a stylesheet
that shows it; on every other outcome it goes back. What a crash leaves between the two is settled
by looking: shown is paid, not shown is given back.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar, assert_never

import structlog

from economy_actors.context import Context
from economy_actors.messages.colours import (
    BuyAnswered,
    BuyColour,
    ColourBought,
    ColoursMessage,
    Overtaken,
    ReadStylesheet,
    ResyncColours,
    Resynced,
    SettleHeld,
    WriteStylesheet,
    Written,
)
from economy_actors.messages.ledger import Commit, commit, commit_on_record, query
from economy_actors.outbox.message import Pm, Priority
from economy_actors.runtime import Actor, AskFailed, RuntimeFault, Timer
from economy_actors.stylesheet import out_of_reach
from kryten_economy.config.vanity import ChatColor
from kryten_economy.features.colours import texts
from kryten_economy.features.colours.operations import (
    CHAT_COLOUR,
    ColourReserved,
    ColourSettled,
    HeldColour,
    KeepFoundColours,
    ReserveColour,
    SettleColour,
    hold_id_of,
    open_colours,
    purchase_of,
)
from kryten_economy.features.colours.rules import NotShown
from kryten_economy.features.colours.stylesheet import (
    Damaged,
    Owner,
    Restyled,
    Terms,
    restyled,
    shown_colour,
)
from kryten_economy.features.possessions import owned_by_all
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.audit import Acted
from kryten_economy.refusals import Conflict, Refusal

__all__ = ("SURE_AFTER_S", "Colours")

SURE_AFTER_S = 5.0
"""What was written shows within this time, or never will."""
_LOOK_AGAIN_S = 10.0
_PROOF_S = 2.0
_PROOF_LEAST_S = 0.3
_READ_S = 1.5
_BOOKED_S = 0.5
"""So much of the time is kept for settling in the books."""
_WRITES_MAX = 3

T = TypeVar("T")

_log = structlog.get_logger("colours")


class _Shown(NamedTuple):
    """The stylesheet shows everybody's colours; ``found`` are those that only it knew."""

    found: Mapping[str, str]
    managed: int
    written: bool


class Colours(Actor[ColoursMessage]):
    """One per channel."""

    def __init__(self, channel: str, context: Context) -> None:
        self._channel = channel
        self._context = context
        self._disowned: set[tuple[str, str]] = set()
        self._look: Timer | None = None

    async def started(self) -> None:
        """See what an instance before has left unsettled."""
        self._look_after(0.0)

    async def receive(self, message: ColoursMessage) -> None:
        """Sell one colour, make the block anew, or look after what waits."""
        match message:
            case BuyColour(reply=buyer):
                try:
                    buyer.send(await self._buy(message))
                except RuntimeFault as fault:
                    buyer.fail(self._failed(fault))
            case ResyncColours(reply=operator):
                try:
                    operator.send(await self._resync(message))
                except RuntimeFault as fault:
                    operator.fail(self._failed(fault))
            case SettleHeld():
                self._look = None
                try:
                    await self._settle_held()
                except RuntimeFault as fault:
                    self._failed(fault)
            case _:
                assert_never(message)

    def _failed(self, fault: RuntimeFault) -> AskFailed:
        """Nobody knows how far it came, but money that waits is looked after soon."""
        _log.warning("colours interrupted", channel=self._channel, error=repr(fault))
        self._look_after(_LOOK_AGAIN_S)
        return AskFailed(f"colours of {self._channel}: {fault!r}")

    def _look_after(self, delay_s: float) -> None:
        if self._look is None:
            self._look = self.after(delay_s, SettleHeld())

    # Selling

    async def _buy(self, ask: BuyColour) -> BuyAnswered:
        known = await self._query(lambda r: purchase_of(r, self._channel, ask.op_id))
        if known is not None:
            return BuyAnswered(await self._again(ask, known))
        if self._item.apply_css and (why := out_of_reach(self._context, self._channel)) is not None:
            return BuyAnswered(why)
        acted = await self._reserve(ask)
        held: ColourReserved | Refusal = acted.answer
        if not isinstance(held, ColourReserved):
            return BuyAnswered(held)
        owner = Owner(held.wallet.display_name, ask.colour, ask.present_as)
        outcome = await self._show(owner, ask.until_s)
        return BuyAnswered(await self._settled(ask, outcome), acted.audit_id)

    async def _reserve(self, ask: BuyColour) -> Acted:
        request = ReserveColour(
            ask.op_id, ask.user, ask.colour, ask.price_z, ask.discount, *self._moment()
        )
        if ask.line is not None:
            return await commit_on_record(self._context.ledger, request, ask.line)
        return Acted(await commit(self._context.ledger, request))

    async def _settled(
        self, ask: BuyColour, outcome: _Shown | NotShown
    ) -> ColourBought | NotShown | Refusal:
        is_shown = isinstance(outcome, _Shown) and (outcome.written or not self._item.apply_css)
        disowned = (ask.user.name, ask.colour)
        if is_shown:
            self._disowned.discard(disowned)
        elif outcome is NotShown.UNANSWERED or outcome is NotShown.BUSY:
            # It may show later all the same, and must not be kept as found then.
            self._disowned.add(disowned)
        settled = await self._settle(hold_id_of(ask.op_id), shown=is_shown)
        if isinstance(outcome, _Shown):
            self._keep(outcome)
        if not isinstance(settled, ColourSettled):
            self._look_after(_LOOK_AGAIN_S)
            return NotShown.PENDING
        if not is_shown:
            why = NotShown.NO_CHANGE if isinstance(outcome, _Shown) else outcome
            _log.warning("colour not shown", user=ask.user.name, channel=self._channel, reason=why)
            return why
        return ColourBought(settled.wallet, settled.colour, settled.amount_z, ask.discount)

    async def _again(self, ask: BuyColour, known: HeldColour) -> ColourBought | NotShown | Refusal:
        """The same request once more is answered what the first one came to."""
        if (known.name, known.colour) != (ask.user.name, ask.colour):
            return Conflict(ask.op_id)
        if known.state == "open":
            await self._settle_held()
            looked = await self._query(lambda r: purchase_of(r, self._channel, ask.op_id))
            known = known if looked is None else looked
        if known.state == "open":
            return NotShown.PENDING
        if known.state != "captured":
            return NotShown.GIVEN_BACK
        settled = await self._settle(known.hold_id, shown=True)
        assert isinstance(settled, ColourSettled), settled
        wallet, charged_z = settled.wallet, settled.amount_z
        return ColourBought(wallet, settled.colour, charged_z, known.discount, replayed=True)

    # The stylesheet

    async def _show(self, buyer: Owner | None, until_s: float) -> _Shown | NotShown:
        """Have the block say what the books say, and the buyer's new colour."""
        if not self._item.apply_css:
            return _Shown({}, 0, written=False)
        owners = await self._owners(buyer)
        css = await self._read()
        return css if isinstance(css, NotShown) else await self._restyle(css, owners, until_s)

    async def _restyle(
        self, css: str, owners: Sequence[Owner], until_s: float
    ) -> _Shown | NotShown:
        """Write until what is in force is made of what others have written last."""
        over, was_written = css, False
        for _ in range(_WRITES_MAX):
            new = self._new(css, owners)
            if isinstance(new, NotShown):
                return new
            if new.text.strip() == over.strip():
                return _Shown(new.found, new.managed, was_written)
            answer = await self._write(new.text, over, until_s)
            match answer:
                case Written():
                    return _Shown(new.found, new.managed, written=True)
                case Overtaken(theirs, now):
                    was_written = was_written or now == new.text
                    css, over = theirs, now
                case _:
                    return answer
        return NotShown.BUSY

    def _new(self, css: str, owners: Sequence[Owner]) -> Restyled | NotShown:
        new = restyled(css, owners, self._terms, disowned=self._disowned)
        if isinstance(new, Damaged):
            return NotShown.DAMAGED
        return NotShown.TOO_LONG if new.too_long else new

    async def _read(self) -> str | NotShown:
        stylesheet = self._context.stylesheets[self._channel]
        try:
            return await stylesheet.ask(ReadStylesheet, timeout_s=_READ_S)
        except RuntimeFault as fault:
            _log.warning("stylesheet not read", channel=self._channel, error=repr(fault))
            return NotShown.UNREADABLE

    async def _write(self, css: str, over: str, until_s: float) -> Written | Overtaken | NotShown:
        within_s = min(_PROOF_S, until_s - self.now_s() - _BOOKED_S)
        if within_s < _PROOF_LEAST_S:
            return NotShown.BUSY
        stylesheet = self._context.stylesheets[self._channel]
        try:
            return await stylesheet.ask(
                lambda reply: WriteStylesheet(css, over, within_s, reply),
                timeout_s=within_s + _BOOKED_S / 2,
            )
        except RuntimeFault as fault:
            _log.warning("stylesheet in doubt", channel=self._channel, error=repr(fault))
            return NotShown.UNANSWERED

    async def _owners(self, buyer: Owner | None = None) -> list[Owner]:
        """Everybody's colours, each name as CyTube spells it where they are here."""
        owned = await self._query(lambda r: owned_by_all(r, self._channel, CHAT_COLOUR))
        here = self._context.presence[self._channel].value.users
        owners = {
            each.name: Owner(
                each.display_name,
                each.value,
                here[each.name].display_name if each.name in here else None,
            )
            for each in owned
        }
        if buyer is not None:
            owners[buyer.display_name.lower()] = buyer
        return list(owners.values())

    async def _resync(self, ask: ResyncColours) -> Resynced | NotShown:
        shown = await (self._show(None, ask.until_s) if ask.apply else self._looked_at())
        if isinstance(shown, NotShown):
            return shown
        kept = await commit(self._context.ledger, self._found(shown))
        return Resynced(kept.kept, shown.managed, shown.written)

    async def _looked_at(self) -> _Shown | NotShown:
        owners, css = await self._owners(), await self._read()
        if isinstance(css, NotShown):
            return css
        new = self._new(css, owners)
        return new if isinstance(new, NotShown) else _Shown(new.found, new.managed, written=False)

    # The books

    @property
    def _item(self) -> ChatColor:
        return self._context.live.settings.vanity_shop.chat_color

    @property
    def _terms(self) -> Terms:
        return Terms(self._item, self._context.live.settings.bot.username)

    def _moment(self) -> tuple[int, str]:
        now_ms = self._context.clock.now_ms()
        return now_ms, self._context.live.calendar.day(now_ms)

    async def _query(self, run: Callable[[Reports], T]) -> T:
        return await query(self._context.reader, run)

    async def _settle(self, hold_id: str, *, shown: bool) -> ColourSettled | Refusal:
        ask = SettleColour(f"{hold_id}:settled", hold_id, shown, *self._moment())
        return await commit(self._context.ledger, ask)

    def _found(self, shown: _Shown) -> KeepFoundColours:
        return KeepFoundColours(self._channel, tuple(shown.found.items()), *self._moment())

    def _keep(self, shown: _Shown) -> None:
        """What only the stylesheet knew is taken into the books; nobody waits for it."""
        if shown.found:
            self._context.ledger.offer(Commit(self._found(shown)))

    # What waits since before

    async def _settle_held(self) -> None:
        """Money that waits for a colour is taken if the channel shows it, and given back if not."""
        waiting = await self._query(lambda r: open_colours(r, self._channel))
        if not waiting:
            return
        css = "" if not self._item.apply_css else await self._read()
        now_ms = self._context.clock.now_ms()
        for held in waiting:
            is_fresh = now_ms - held.placed_at_ms < SURE_AFTER_S * 1000
            if isinstance(css, NotShown) or is_fresh:
                self._look_after(SURE_AFTER_S if is_fresh else _LOOK_AGAIN_S)
                continue
            shown = shown_colour(css, held.name, self._terms) == held.colour
            settled = await self._settle(held.hold_id, shown=shown or not self._item.apply_css)
            if isinstance(settled, ColourSettled):
                self._tell(held, settled)
            else:
                self._look_after(_LOOK_AGAIN_S)

    def _tell(self, held: HeldColour, settled: ColourSettled) -> None:
        told = texts.shown_after_all if settled.shown else texts.given_back_later
        symbol = self._context.live.settings.currency.symbol
        text = told(settled.colour, settled.amount_z, settled.wallet.balance_z, symbol)
        pm = Pm(to=held.display_name, text=text, priority=Priority.RESULT)
        self._context.outboxes[self._channel].offer(pm)
        _log.info(
            "an interrupted purchase of a colour is settled",
            channel=self._channel,
            user=held.name,
            shown=settled.shown,
        )
