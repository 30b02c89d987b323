"""Sign-in codes: sent by PM, so that whoever types one reads the PMs of that name.

Promises: a code can be redeemed by the browser that asked for it only, once, within five minutes
and five tries; codes and tries are limited by name and by address; memory is bounded. Codes die
with the process: a new one is quickly asked for.
"""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, assert_never

from economy_actors.context import Connected, Context
from economy_actors.messages.pages import (
    AskCode,
    CodeAnswer,
    CodeSent,
    NotSent,
    RedeemCode,
    Redeemed,
    SignInMessage,
    TryAnswer,
    TryFailed,
)
from economy_actors.outbox.message import Pm, Priority
from economy_actors.runtime import Actor
from kryten_economy.commands.ratelimit import Allowed, RateLimiter, TellSlowDown
from kryten_economy.users import UserKey, name_from_text

__all__ = ("CODE_S", "MAILBOX", "TRIES_MAX", "SignIn")

MAILBOX: Final = 256
CODE_S: Final = 300.0
TRIES_MAX: Final = 5
_CODES_MAX = 2_000
_TEN_MINUTES_S = 600.0
_DAY_S = 86_400.0


@dataclass(slots=True)
class _Code:
    channel: str
    display_name: str
    code: str
    until_s: float
    tries_left: int = TRIES_MAX


def six_digits() -> str:
    """A code that nobody can guess."""
    return f"{secrets.randbelow(10**6):06}"


class SignIn(Actor[SignInMessage]):
    """Knows the codes that are on their way."""

    def __init__(self, context: Context, new_code: Callable[[], str] = six_digits) -> None:
        self._context = context
        self._new_code = new_code
        self._codes: dict[str, _Code] = {}
        self._asked = RateLimiter(3, window_s=_TEN_MINUTES_S)
        self._asked_in_day = RateLimiter(20, window_s=_DAY_S)
        self._asked_from = RateLimiter(10, window_s=_TEN_MINUTES_S)
        self._tried_from = RateLimiter(30, window_s=_TEN_MINUTES_S)

    async def receive(self, message: SignInMessage) -> None:
        """Send a code, or judge one."""
        self._expire()
        match message:
            case AskCode():
                message.reply.send(self._send(message))
            case RedeemCode():
                message.reply.send(self._judge(message))
            case _:
                assert_never(message)

    def _expire(self) -> None:
        now_s = self.now_s()
        # In order of age, so the first that is good ends the search.
        while self._codes:
            ticket, oldest = next(iter(self._codes.items()))
            if oldest.until_s > now_s and len(self._codes) <= _CODES_MAX:
                return
            del self._codes[ticket]

    def _send(self, ask: AskCode) -> CodeAnswer:
        name = name_from_text(ask.name.strip())
        if name is None:
            return NotSent("That can't be a CyTube name: 1 to 20 letters, digits, _ and -.")
        wait_s = _wait_s(self._asked_from, ask.address, self.now_s())
        if wait_s is not None:
            return _too_many(wait_s)
        here = self._reachable(ask.channel, name)
        if isinstance(here, NotSent):
            return here
        user = UserKey.of(ask.channel, name)
        for limiter in (self._asked, self._asked_in_day):
            wait_s = _wait_s(limiter, user, self.now_s())
            if wait_s is not None:
                return _too_many(wait_s)
        code, ticket = self._new_code(), secrets.token_urlsafe(24)
        until_s = self.now_s() + CODE_S
        self._codes[ticket] = _Code(ask.channel, here.display_name, code, until_s)
        text = (
            f"Your code for the pages of {ask.channel}: {code} (5 minutes). "
            "Nobody from the staff will ever ask for it."
        )
        pm = Pm(here.display_name, text, Priority.REPLY, expires_at_s=until_s)
        if not self._context.outboxes[ask.channel].offer(pm):
            return NotSent("Too much is waiting to be sent right now. Try again in a minute.", 60.0)
        return CodeSent(ticket, here.display_name)

    def _reachable(self, channel: str, name: str) -> Connected | NotSent:
        """Whom a code can be sent to: PMs reach registered users who are in the channel."""
        here = self._context.presence[channel].value.users.get(name.lower())
        if here is None:
            return NotSent(
                f"I don't see {name} in {channel}. Join the channel, since the code comes there "
                "as a private message, then ask again."
            )
        if here.rank < 1 or self._context.live.ignores(name):
            return NotSent(f"{here.display_name} can't sign in: that takes a registered user.")
        return here

    def _judge(self, ask: RedeemCode) -> TryAnswer:
        wait_s = _wait_s(self._tried_from, ask.address, self.now_s())
        if wait_s is not None:
            text = f"Too many tries from your address. Try again in {_in_words(wait_s)}."
            return TryFailed(text, wait_s=wait_s)
        known = self._codes.get(ask.ticket)
        if known is None or known.channel != ask.channel:
            return TryFailed("That code is over, or was used. Ask for a new one.")
        if hmac.compare_digest(known.code.encode(), ask.code.strip().encode()):
            del self._codes[ask.ticket]
            return Redeemed(known.channel, known.display_name)
        known.tries_left -= 1
        if known.tries_left > 0:
            return TryFailed(
                "That is not the code. Look at the newest private message again.", known.tries_left
            )
        del self._codes[ask.ticket]
        return TryFailed("That was wrong too often, so the code is void. Ask for a new one.")


def _wait_s(limiter: RateLimiter, key: UserKey | str, now_s: float) -> float | None:
    """How long somebody has to wait; None if they may go on."""
    match limiter.allow(key, now_s):
        case Allowed():
            return None
        case TellSlowDown(retry_after_s):
            return retry_after_s
        case _:
            return 60.0


def _too_many(wait_s: float) -> NotSent:
    text = f"Too many codes were asked for. Try again in {_in_words(wait_s)}."
    return NotSent(text, wait_s)


def _in_words(wait_s: float) -> str:
    minutes = max(1, round(wait_s / 60))
    return "a minute" if minutes == 1 else f"{minutes} minutes"
