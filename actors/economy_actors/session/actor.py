"""One user in one channel: arrivals, chat and commands, one after the other.

The session keeps nothing that the books do not know, so it may be put to sleep at any quiet
moment and woken by the next message.
"""

from typing import ClassVar, assert_never

from economy_actors.channel.messages import ChannelMessage, DwellSettled, Newcomer, WelcomeDue
from economy_actors.channel.receipts import Receipts
from economy_actors.context import World
from economy_actors.ledger.client import commit, look
from economy_actors.runtime import Actor, Ref, Supervision
from economy_actors.session import chatting, commands, dwelling, progress
from economy_actors.session.messages import (
    Arriving,
    ChatLine,
    Command,
    Deserved,
    Dwelt,
    LevelGiven,
    ProgressDue,
    SessionMessage,
    Unsettled,
)
from kryten_economy.features.presence.rules import MINUTE_MS, is_genuine_arrival
from kryten_economy.ledger import Arrive, Arrived
from kryten_economy.users import UserKey

__all__ = ("Session",)


class Session(Actor[SessionMessage]):
    """Serializes everything one user does in one channel."""

    supervision: ClassVar[Supervision] = Supervision()

    def __init__(
        self, user: UserKey, world: World, channel: Ref[ChannelMessage], receipts: Receipts
    ) -> None:
        self._user = user
        self._world = world
        self._channel = channel
        self._receipts = receipts

    async def receive(self, message: SessionMessage) -> None:
        """Handle what the user did."""
        match message:
            case ChatLine():
                await chatting.record(self._world, self._receipts, self._user, message, self.trace)
            case Deserved():
                await chatting.pay(self._world, self._receipts, self._user, message, self.trace)
            case Unsettled(deed):
                receipt = self._receipts.issue(self._user.name, deed, self.trace)
                await chatting.settle(self._world, receipt, deed)
            case Command():
                await commands.carry_out(self._world, self._user, message, self.trace)
            case Arriving():
                await self._arrive(message)
            case LevelGiven(level):
                await progress.level_given(self._world, self._user, level, trace=self.trace)
            case ProgressDue(minutes_present):
                await self._progress(minutes_present)
            case Dwelt():
                await self._dwelt(message)
            case _:
                assert_never(message)

    # Arrival

    async def _arrive(self, message: Arriving) -> None:
        """Decide whether this is a genuine arrival, and pay the welcome wallet if it is one."""
        settings, calendar = self._world.live.settings, self._world.live.calendar
        back = settings.retention.welcome_back
        day = calendar.day(message.at_ms)
        known = await look(self._world.reader, lambda reports: reports.wallet(self._user, day))
        window_ms = settings.presence.join_debounce_minutes * MINUTE_MS
        genuine = known is None or is_genuine_arrival(
            known.last_departure_ms, known.last_seen_ms, message.at_ms, window_ms
        )
        request = Arrive(
            op_id=f"arrive:{self._user.channel}:{self._user.name}:{message.at_ms}",
            user=self._user,
            display_name=message.display_name,
            at_ms=message.at_ms,
            day=day,
            genuine=genuine,
            welcome_wallet_z=settings.onboarding.welcome_wallet,
            welcome_back_z=back.bonus if back.enabled else 0,
            days_absent=back.days_absent,
        )
        answer = await commit(self._world.ledger, request)
        if genuine:
            self._channel.offer(Newcomer(message.display_name, message.at_ms))
        if isinstance(answer, Arrived) and answer.welcomed_z and not answer.replayed:
            self._world.metrics.earned(answer.welcomed_z)
            self._world.metrics.trigger(self._user.channel, "onboarding.wallet", answer.welcomed_z)
            delay_s = settings.onboarding.welcome_delay_seconds
            self._channel.offer(WelcomeDue(message.display_name, answer.welcomed_z, delay_s))
        if isinstance(answer, Arrived) and answer.welcomed_back_z and not answer.replayed:
            dwelling.tell_welcome_back(
                self._world, answer.wallet, answer.welcomed_back_z, trace=self.trace
            )
        if isinstance(answer, Arrived):
            await progress.after(self._world, self._channel, answer.wallet, trace=self.trace)
            progress.ask_level(self._world, self._channel, answer.wallet)

    async def _progress(self, minutes_present: int | None) -> None:
        """Look at the facts as they are now."""
        day = self._world.live.calendar.day(self._world.clock.now_ms())
        wallet = await look(self._world.reader, lambda reports: reports.wallet(self._user, day))
        if wallet is not None:
            await progress.after(
                self._world,
                self._channel,
                wallet,
                trace=self.trace,
                minutes_present=minutes_present,
            )

    async def _dwelt(self, message: Dwelt) -> None:
        """Get what the time here brings, and say when it is in the books."""
        if await dwelling.settle(self._world, self._channel, self._user, message, trace=self.trace):
            self._channel.offer(DwellSettled(self._user.name, message.day, message.minutes))
