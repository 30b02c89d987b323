"""What is said about bounties: replies, public lines, and notices that quiet mode does not mute."""

from collections.abc import Sequence

from kryten_economy.features.bounties.rules import Bounty
from kryten_economy.text.markup import clip, name_shown, user_text
from kryten_economy.text.templates import duration, money, plural

__all__ = (
    "bounty_cancelled_line",
    "bounty_claimed_line",
    "bounty_created_line",
    "bounty_list",
    "cancelled_reply",
    "claimed_reply",
    "created_reply",
    "creator_not_winner",
    "description_missing",
    "description_too_long",
    "ended_notice",
    "paid_out_notice",
    "won_notice",
)

_LISTED_UNITS_MAX = 60
_LINE_UNITS_MAX = 150


def created_reply(
    bounty_id: int, amount_z: int, balance_z: int, lasts_s: float, percent: int, symbol: str
) -> str:
    """To the creator: number, amount, new balance, and what becomes of it without a winner."""
    return (
        f"🎯 Your bounty #{bounty_id} is out: {money(amount_z, symbol)} are set aside for whoever"
        f" wins it. Your balance: {money(balance_z, symbol)}.\n"
        f"If nobody does within {duration(lasts_s)}, {percent}% comes back;"
        f" so it does with 'cancel_bounty {bounty_id}'."
    )


def description_missing() -> str:
    """An amount without a deed."""
    return "Say what the bounty is for."


def description_too_long(length: int, most: int) -> str:
    """More characters than allowed."""
    return f"That text is too long: at most {plural(most, 'character')}, and yours has {length:,}."


def bounty_list(bounties: Sequence[Bounty], total: int, now_ms: int, symbol: str) -> str:
    """The newest open ones with amount, deed, creator and age, and how many there are in all."""
    if not bounties:
        return "🎯 There are no open bounties."
    newest = f", the newest {len(bounties)}" if total > len(bounties) else ""
    return "\n".join(
        [
            f"🎯 {plural(total, 'open bounty', 'open bounties')}{newest}:",
            *(
                f"#{each.id} {money(each.amount_z, symbol)} |"
                f" {clip(user_text(each.description), _LISTED_UNITS_MAX)} |"
                f" {name_shown(each.creator_shown)}, {_age(now_ms - each.created_at_ms)}"
                for each in bounties
            ),
        ]
    )


def _age(passed_ms: int) -> str:
    """The two largest units are enough."""
    minutes_s = passed_ms // 60_000 * 60
    return " ".join(duration(minutes_s).split()[:2]) + " ago" if minutes_s else "just now"


def creator_not_winner(name: str, creator: str) -> str:
    """Whoever has set it out wins it, under this name or another."""
    if name.lower() == creator.lower():
        return f"{name_shown(creator)} has set out this bounty and can't win it."
    return f"{name_shown(name)} is {name_shown(creator)}, who has set out this bounty."


def claimed_reply(bounty: Bounty, winner: str, balance_z: int, symbol: str) -> str:
    """To the admin: who got what."""
    return (
        f"✅ Bounty #{bounty.id}: {money(bounty.amount_z, symbol)} paid to {name_shown(winner)}."
        f" Their balance: {money(balance_z, symbol)}."
    )


def won_notice(bounty: Bounty, balance_z: int, symbol: str) -> str:
    """To the winner."""
    return (
        f"🎯 You won bounty #{bounty.id} by {name_shown(bounty.creator_shown)}:"
        f" {money(bounty.amount_z, symbol)} for {_deed(bounty)}."
        f" Your balance: {money(balance_z, symbol)}."
    )


def paid_out_notice(bounty: Bounty, winner: str, symbol: str) -> str:
    """To the creator: somebody has won it."""
    return (
        f"🎯 Your bounty #{bounty.id} ({_deed(bounty)}) was won by {name_shown(winner)}, who got"
        f" the {money(bounty.amount_z, symbol)}."
    )


def cancelled_reply(
    bounty: Bounty, refund_z: int, balance_z: int, symbol: str, *, own: bool
) -> str:
    """To whoever has cancelled it: what went back to whom."""
    whose, to = ("Your", "you") if own else ("Their", name_shown(bounty.creator_shown))
    return (
        f"✅ Bounty #{bounty.id} is cancelled: {money(refund_z, symbol)} of"
        f" {money(bounty.amount_z, symbol)} went back to {to}."
        f" {whose} balance: {money(balance_z, symbol)}."
    )


def ended_notice(bounty: Bounty, how: str, refund_z: int, balance_z: int, symbol: str) -> str:
    """To the creator: it has ``expired`` or was cancelled, and this came back."""
    back = f"{money(refund_z, symbol)} of {money(bounty.amount_z, symbol)} came back"
    if not refund_z:
        back = f"nothing of the {money(bounty.amount_z, symbol)} comes back"
    return (
        f"🎯 Your bounty #{bounty.id} ({_deed(bounty)}) {how}: {back}."
        f" Your balance: {money(balance_z, symbol)}."
    )


def bounty_created_line(bounty_id: int, user: str, description: str, amount: str) -> str:
    """In the channel: there is something to win."""
    deed = clip(user_text(description), _LINE_UNITS_MAX)
    return f'🎯 {name_shown(user)} sets out bounty #{bounty_id}: {amount} for "{deed}"'


def bounty_claimed_line(bounty: Bounty, winner: str, symbol: str) -> str:
    """In the channel: who has won it."""
    return (
        f"🎯 {name_shown(winner)} wins {money(bounty.amount_z, symbol)}: bounty #{bounty.id} by"
        f" {name_shown(bounty.creator_shown)} for {_deed(bounty)}!"
    )


def bounty_cancelled_line(bounty: Bounty) -> str:
    """In the channel: nobody needs to try any more."""
    return (
        f"🎯 Bounty #{bounty.id} by {name_shown(bounty.creator_shown)} for {_deed(bounty)}"
        " was cancelled."
    )


def _deed(bounty: Bounty) -> str:
    return f'"{clip(user_text(bounty.description), _LISTED_UNITS_MAX)}"'
