"""What may be bought to be seen by, and what a text has to be for it (`spending.md` 7).

Texts are cleaned before they are measured; a text that is no good is answered with the sentence
that says why. Fortunes are told from a list, by user and day, so that nobody gets a better one by
asking twice.
"""

import re
from dataclasses import dataclass
from hashlib import blake2b

from kryten_economy.text.markup import user_text
from kryten_economy.text.templates import plural

__all__ = (
    "CURRENCY_NAME",
    "FORTUNES",
    "GIF",
    "GREETING",
    "TITLE",
    "BadText",
    "checked",
    "checked_currency_name",
    "checked_gif",
    "fortune_of",
    "is_free_today",
    "with_title",
)

GREETING, TITLE, GIF, CURRENCY_NAME = (
    "custom_greeting",
    "custom_title",
    "channel_gif",
    "personal_currency_name",
)
"""The types under which the books keep what somebody owns."""

_GIF_MOST = 500
_CURRENCY_NAME_MOST = 30
_GIF = re.compile(r"https?://\S+", re.IGNORECASE)
_NOT_IN_NAMES = re.compile(r"[^\w '-]")


@dataclass(frozen=True, slots=True)
class BadText:
    """Why a text can't be bought; ``text`` is fit for people."""

    text: str


def checked(raw: str, what: str, most: int) -> str | BadText:
    """A text on one line of 1 to ``most`` characters; ``what`` begins the sentence."""
    text = user_text(raw)
    if not text:
        return BadText(f"{what} can't be empty: write 1 to {plural(most, 'character')}.")
    if len(text) > most:
        return BadText(
            f"{what} has {len(text):,} characters: at most {plural(most, 'character')} fit."
        )
    return text


def checked_gif(raw: str) -> str | BadText:
    """An address of a picture."""
    text = raw.strip()
    if not text:
        return BadText("A GIF needs its address: http:// or https:// in front.")
    if len(text) > _GIF_MOST:
        return BadText(f"That address is too long: at most {_GIF_MOST} characters fit.")
    if not _GIF.fullmatch(text) or user_text(text) != text:
        return BadText(
            "That is no address of a GIF: it begins with http:// or https:// and has no spaces."
        )
    return text


def checked_currency_name(raw: str) -> str | BadText:
    """A name for the money: letters, digits, spaces, hyphens, underscores and apostrophes."""
    text = checked(raw, "A name for the money", _CURRENCY_NAME_MOST)
    if isinstance(text, BadText):
        return text
    if _NOT_IN_NAMES.search(text):
        return BadText(
            "A name for the money has letters, digits, spaces, '-', \"'\" and underscores only."
        )
    return text


def with_title(title: str | None, name: str) -> str:
    """A name as the bot speaks of somebody who has bought a title."""
    return name if title is None else f"{title} {name}"


def is_free_today(free_fortunes: int) -> bool:
    """Whether the perk pays for the one fortune of a day."""
    return free_fortunes > 0


def fortune_of(user: str, day: str) -> str:
    """What the day holds for somebody; the same however often they ask."""
    digest = blake2b(f"{user.lower()}:{day}".encode(), digest_size=8).digest()
    return FORTUNES[int.from_bytes(digest) % len(FORTUNES)]


FORTUNES = (
    "Somebody will say exactly what you were about to type. Let them have it.",
    "A film you avoided for years turns out to be your favourite of the month.",
    "Today your first guess about the murderer is right.",
    "A stranger laughs at your joke. By evening they are no stranger.",
    "The subtitle you misread was better than the real line.",
    "You will fall asleep in the second act and miss nothing.",
    "Coins come to whoever stays for the credits.",
    "Your popcorn lasts until the very last scene.",
    "An old friend joins the channel when you least expect it.",
    "Someone remembers a kindness that you have forgotten.",
    "The next short film is longer than it looks. Sit down.",
    "Trust the sequel. Just this once.",
    "You will quote a line tonight, and someone will finish it.",
    "A wager made with a smile does better than one made with a plan.",
    "The dog in the film survives. You may relax.",
    "Luck sits beside whoever gives their seat away.",
    "Beware of a man in a hat who says it can't get any worse.",
    "The wifi holds through the finale. The plot does not.",
    "Your silence in the quiet scene is noticed and admired.",
    "What you queue next, three people will look up afterwards.",
    "A small tip returns as a large favour.",
    "You were right about that actor. Mention it only once.",
    "The twist is that there is no twist. Enjoy the ride.",
    "Today the cat on the keyboard types something wise.",
    "A streak is kept by the one who comes on the dull days.",
    "The extra in the background has the better story. Watch them.",
    "An argument about the ending makes two people friends.",
    "You find the thing you lost between two cushions and an intermission.",
    "Fortune favours the bold; the channel favours the punctual.",
    "A black and white film will bring colour to your evening.",
    "The villain's speech contains advice. Leave out the lasers.",
    "Rain is near. Stay connected and hold out your hands.",
    "Somebody in this room owes you a laugh and will pay today.",
    "Your best line comes a minute too late. Say it all the same.",
    "The longest night ends with somebody saying: one more.",
    "A number on a wheel thinks of you. It does not say when.",
)
