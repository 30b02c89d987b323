"""Panic levels: what admins stop at once, for a while or until they let it go on.

Each is a row in the books, so that it holds from the moment it is told, over a restart too, until
it is taken out: by an admin, or by whoever tells the time. The engine asks for the rows wherever
money would move (`ledger.operation.Act.HALTED_BY`, `ledger.posting.may_earn`), so that nothing that
is added later can forget them.

While earning is paused, minutes, lines, streaks and milestones count on and pay nothing, not later
either; achievements and the prizes of a day wait. Rounds under way are played to their end whatever
is paused, and money that is set aside is settled, for a frozen account too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.operation import Request, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.refusals import Level
from kryten_economy.text.markup import name_shown, user_text
from kryten_economy.text.templates import minute_of
from kryten_economy.users import UserKey

__all__ = (
    "KINDS",
    "LEVELS",
    "MEANS",
    "EndPanics",
    "Halt",
    "HaltKind",
    "PanicChanged",
    "SetPanic",
    "StopPanic",
    "began",
    "end_panics",
    "ended",
    "frozen_notice",
    "halts_of",
    "in_words",
    "level_in_words",
    "nothing_to_resume",
    "pause_told",
    "set_panic",
    "stop_panic",
    "thawed_notice",
    "unclear",
)

HaltKind: TypeAlias = Level | Literal["freeze"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
KINDS: Final[tuple[HaltKind, ...]] = (*LEVELS, "freeze")


class Halt(NamedTuple):
    """What is stopped, by whom, and until when (None: until an admin lets it go on).

    ``name`` is lower case and "" but for a freeze.
    """

    what: HaltKind
    name: str
    display_name: str
    by: str
    reason: str
    since_ms: int
    until_ms: int | None


@dataclass(frozen=True, slots=True)
class PanicChanged:
    """What is stopped in a channel now; ``ended`` is what has gone on by this request.

    ``changed`` is False where nothing was stopped that could go on.
    """

    channel: str
    halts: tuple[Halt, ...]
    ended: tuple[Halt, ...] = ()
    changed: bool = True


@dataclass(frozen=True, slots=True)
class SetPanic(Request[PanicChanged]):
    """Stop something; said again it gets another end and another reason."""

    channel: str
    what: HaltKind
    by: str
    reason: str
    until_ms: int | None
    at_ms: int
    user: UserKey | None = None
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class StopPanic(Request[PanicChanged]):
    """Let one thing go on, or with None all that is stopped in a channel, frozen users too."""

    channel: str
    what: HaltKind | None
    user: UserKey | None = None


@dataclass(frozen=True, slots=True)
class EndPanics(Request[PanicChanged]):
    """Let go on in a channel what was to end by now."""

    channel: str
    now_ms: int = field(compare=False)


_COLUMNS = "what, name, display_name, set_by, reason, since_ms, until_ms"
_SET = """
    INSERT INTO panic (channel_id, what, name, display_name, set_by, reason, since_ms, until_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET set_by = excluded.set_by, reason = excluded.reason,
        until_ms = excluded.until_ms
"""
_STOP = f"""
    DELETE FROM panic WHERE channel_id = ?1 AND (?2 IS NULL OR (what = ?2 AND name = ?3))
    RETURNING {_COLUMNS}
"""  # noqa: S608 - put together from constants
_END = f"DELETE FROM panic WHERE channel_id = ?1 AND until_ms <= ?2 RETURNING {_COLUMNS}"  # noqa: S608
_OF_CHANNEL = f"""
    SELECT {_COLUMNS} FROM panic
    WHERE channel_id = (SELECT id FROM channel WHERE name = ?1) ORDER BY since_ms, what, name
"""  # noqa: S608 - put together from constants


@operation
def set_panic(tx: Tx, ask: SetPanic) -> PanicChanged:
    """Stop it from the next request on."""
    assert (ask.what == "freeze") == (ask.user is not None), ask
    channel, name = tx.channel(ask.channel), "" if ask.user is None else ask.user.name
    values = (name, ask.display_name, ask.by, ask.reason, ask.at_ms, ask.until_ms)
    tx.run(_SET, channel.id, ask.what, *values)
    if ask.user is not None:
        _mark(tx, ask.user, ask.until_ms or 0)
    return _changed(tx, ask.channel)


@operation
def stop_panic(tx: Tx, ask: StopPanic) -> PanicChanged:
    """Take the rows out; the answer tells which there were."""
    channel, name = tx.channel(ask.channel), "" if ask.user is None else ask.user.name
    return _gone(tx, ask.channel, tx.query(_STOP, channel.id, ask.what, name))


@operation
def end_panics(tx: Tx, ask: EndPanics) -> PanicChanged:
    """Take out what was to end by now."""
    return _gone(tx, ask.channel, tx.query(_END, tx.channel(ask.channel).id, ask.now_ms))


def _gone(tx: Tx, channel: str, rows: Sequence[tuple[object, ...]]) -> PanicChanged:
    ended = tuple(Halt._make(row) for row in rows)
    for halt in ended:
        if halt.what == "freeze":
            _mark(tx, UserKey(channel, halt.name), None)
    return replace(_changed(tx, channel, ended), changed=bool(ended))


def _changed(tx: Tx, channel: str, ended: tuple[Halt, ...] = ()) -> PanicChanged:
    tx.channels.forget_halts()
    return PanicChanged(channel, tuple(map(Halt._make, tx.query(_OF_CHANNEL, channel))), ended)


def _mark(tx: Tx, user: UserKey, frozen_until_ms: int | None) -> None:
    """Let a known account say what the table says."""
    account = tx.find(user, "")
    if account is not None:
        account.frozen_until_ms = frozen_until_ms
        tx.accounts.touch(account)


def halts_of(reader: Reader, channel: str) -> tuple[Halt, ...]:
    """What is stopped in a channel, the oldest first."""
    return tuple(map(Halt._make, reader.sql.rows(_OF_CHANNEL, channel)))


# Texts

_WORDS: Final[dict[HaltKind, str]] = {
    "earning": "Earning is paused",
    "games": "Games are paused",
    "spending": "Spending is paused",
    "read-only": "The economy is read-only",
}
MEANS: Final[dict[HaltKind, str]] = {
    "earning": "Minutes and talk count on, but pay nothing.",
    "games": "Nobody can stake anything; rounds under way are played to their end.",
    "spending": "Nobody can buy, tip or set anything aside.",
    "read-only": "No money moves but what settles what is set aside; questions are answered.",
    "freeze": "They neither earn nor spend; what they have set aside is settled.",
}


def level_in_words(level: Level) -> str:
    """What is stopped."""
    return _WORDS[level]


def in_words(halt: Halt) -> str:
    """What is stopped, until when, by whom and why."""
    what = _WORDS.get(halt.what) or f"{name_shown(halt.display_name)} is frozen"
    why = f": {user_text(halt.reason)}" if halt.reason else ""
    return f"{what} {_until(halt.until_ms)} (by {user_text(halt.by)}{why})"


def _until(until_ms: int | None) -> str:
    return f"until {minute_of(until_ms)} UTC" if until_ms else "until an admin resumes it"


def began(halt: Halt) -> str:
    """To the admin: it holds, and what that means."""
    return f"⏸️ {in_words(halt)}. {MEANS[halt.what]}"


def never_seen() -> str:
    """To the admin: the name they froze may be a slip."""
    return "I've never seen this name here: is it spelled right?"


def ended(halts: Sequence[Halt]) -> str:
    """To the admin: what goes on."""
    named = [
        f"{name_shown(each.display_name)} is thawed" if each.what == "freeze" else each.what
        for each in halts
    ]
    return f"▶️ Resumed: {', '.join(named)}."


def nothing_to_resume(halts: Sequence[Halt]) -> str:
    """To the admin: that was not stopped; what is."""
    if not halts:
        return "Nothing is paused here. Nothing was changed."
    return f"That is not paused. Paused: {'; '.join(map(in_words, halts))}. Nothing was changed."


def unclear(problem: str) -> str:
    """What was typed is no such order."""
    return (
        f"{problem} A time is a number with m, h or d, such as 30m, and at most 30d;"
        " without one it holds until you resume it."
    )


def pause_told(halt: Halt) -> str:
    """To a user who asks while they earn nothing; told once."""
    return f"⏸️ {_WORDS[halt.what]} here {_until(halt.until_ms)}."


def frozen_notice(reason: str, until_ms: int | None) -> str:
    """To the user."""
    why = f": {user_text(reason)}" if reason else "."
    return f"An admin has frozen your account {_until(until_ms)}{why} Your balance is kept."


def thawed_notice() -> str:
    """To the user."""
    return "Your account is no longer frozen. Welcome back!"


def never_frozen(name: str, *, bot: str, by: str) -> str | None:
    """To the admin: why nobody can freeze this name, or not they; None if they can."""
    if name.lower() == bot.lower():
        return "That's me. I hold no money, so there is nothing to freeze. Nothing was changed."
    if name.lower() == by.lower():
        return "You can't freeze yourself. Nothing was changed."
    return None
