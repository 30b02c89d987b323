"""Accounts and the people in the room, with the records CyTube shows of them.

Pure values. A plain record is what everybody gets; a moderator record (with ``smuted``,
``aliases``, ``ip``) is what the bot gets once its rank is known (`wire.md` 3).

The people of the demo channel, what they say and what they watch. Data only.
"""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any

from economy_sandbox.filters import Limiter
from economy_sandbox.media import Media

__all__ = (
    "ANSWERS",
    "BOUNTIES",
    "COMMENTS",
    "EMOTES",
    "FILMS",
    "GREETINGS",
    "HOST",
    "HOSTED",
    "JOKES",
    "KUDOS",
    "LAUGHS",
    "LINKS",
    "MUDDLES",
    "ORDERS",
    "OWNER",
    "PERSONAS",
    "PURCHASES",
    "QUESTIONS",
    "SEARCHES",
    "STAKES",
    "Account",
    "Person",
    "Persona",
    "cloaked_address",
)

_NETWORK = "LVe.xZQ.D0l."


def cloaked_address(name: str) -> str:
    """A made-up address in the cloaked form the server shows to moderators."""
    digest = hashlib.blake2b(name.lower().encode(), digest_size=3).digest()
    return _NETWORK + base64.b64encode(digest, b"./").decode()[:3]


@dataclass(slots=True)
class Account:
    """A registered name; ``rank`` is the channel rank, ``global_rank`` that of the site."""

    name: str
    rank: float = 1
    global_rank: float = 1
    image: str = ""
    text: str = ""
    aliases: tuple[str, ...] = ()
    is_muted: bool = False
    is_shadow_muted: bool = False


@dataclass(slots=True)
class Person:
    """Somebody who is in the channel now: an account's or a guest's (rank 0) presence."""

    account: Account
    is_guest: bool = False
    is_afk: bool = False
    limiter: Limiter = field(default_factory=Limiter)
    queue_limiter: Limiter = field(default_factory=Limiter)

    @property
    def name(self) -> str:
        """The name as registered, or as the guest typed it."""
        return self.account.name

    @property
    def rank(self) -> float:
        """The rank in this channel."""
        return 0 if self.is_guest else self.account.rank

    @property
    def aliases(self) -> list[str]:
        """Account names seen from the same address."""
        return list(self.account.aliases or (self.name,))

    def meta(self, *, joining: bool = False) -> dict[str, Any]:
        """The moderator's ``meta``; a join shows ``smuted`` false whatever is true [evening]."""
        account = self.account
        is_shadow = account.is_shadow_muted and not joining
        return {
            "afk": self.is_afk,
            "muted": account.is_muted or is_shadow,
            "smuted": is_shadow,
            "aliases": self.aliases,
            "ip": cloaked_address(self.name),
        }

    def record(self, *, moderator: bool = True) -> dict[str, Any]:
        """The entry of a ``userlist``: the channel rank and the profile."""
        meta = self.meta() if moderator else {"afk": self.is_afk, "muted": self.account.is_muted}
        return self._record(self.rank, meta)

    def join_record(self, *, moderator: bool = True) -> dict[str, Any]:
        """The ``addUser`` payload: the account's global rank, not yet the channel's."""
        rank = 0 if self.is_guest else self.account.global_rank
        meta = self.meta(joining=True) if moderator else {"afk": False, "muted": False}
        return self._record(rank, meta)

    def _record(self, rank: float, meta: dict[str, Any]) -> dict[str, Any]:
        profile = {"image": self.account.image, "text": self.account.text}
        return {"name": self.name, "rank": rank, "profile": profile, "meta": meta}


OWNER = "boss"
"""Who owns the channel and has put the films there; never at home."""

HOST = "modjo"
"""Who opens predictions, raffles and auctions: an operator of the channel."""


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody with habits; the numbers are weights, 1 is the average person."""

    name: str
    sayings: tuple[str, ...]
    rank: int = 1
    talk: float = 1.0
    play: float = 1.0
    is_guest: bool = False
    is_early: bool = False


PERSONAS = (
    Persona(
        "Mara",
        ("popcorn is ready", "who picked this one?", "good pick", "volume up please"),
        talk=1.6,
        is_early=True,
    ),
    Persona(
        "old_tom",
        ("seen it in the cinema in '84", "they knew how", "bring back intermissions"),
        talk=0.9,
    ),
    Persona(
        "Pixel-9",
        ("the matte painting though", "that cut was clean", "16 mm, you can tell", "nice grain"),
        is_early=True,
    ),
    Persona(
        "nightowl",
        ("is it 3 am already", "one more film", "coffee, anyone?"),
        play=0.5,
        is_early=True,
    ),
    Persona(
        "Dr_Z_oid",
        ("in my professional opinion: no", "fascinating", "the patient is stable"),
        play=1.5,
    ),
    Persona(
        "lucky7", ("feeling lucky tonight", "all in next time", "7 again!"), play=3.0, is_early=True
    ),
    Persona("Quiet-Kay", ("mm", "nice"), talk=0.3, play=0.6, is_early=True),
    Persona(
        "BananaJoe",
        ("BANANA", "why is everyone so serious", "needs more banana", "called it", "what a line"),
        talk=1.5,
        is_early=True,
    ),
    Persona("selma", ("hi from the couch", "brb tea", "back, what did I miss"), talk=1.1),
    Persona(
        "Vex",
        ("this aged well", "plot hole!", "physics has left the building", "sequel when"),
        talk=1.2,
        play=1.3,
        is_early=True,
    ),
    Persona(
        HOST,
        ("keep it friendly :)", "rules are in the motd", "who is in for a game?"),
        rank=4,
        talk=0.8,
        play=0.4,
        is_early=True,
    ),
    Persona("Rita_R", ("who has the soundtrack", "that score is lovely", "the oboe!"), play=0.9),
    Persona(
        "hal-2001",
        ("I'm sorry Dave", "affirmative", "I can't allow that", "it can only be human error"),
        talk=0.8,
        play=1.1,
        is_early=True,
    ),
    Persona("Knut", ("moin", "das war knapp", "stark"), talk=0.7),
    Persona("tiny_tina", ("explosions!!", "more explosions", "BOOM"), talk=1.5, play=1.6),
    Persona("Visitor12", ("hello, what is this?", "can I join?"), is_guest=True, play=0.3),
)

GREETINGS = ("hi {name}", "hey {name}!", "welcome {name}", "o/ {name}", "{name}! good evening")
KUDOS = ("{name}++", "{name}++ for that one", "++{name}", "good one {name}++")
LAUGHS = ("lol", "hahaha", "LOL", "lmao", "rofl", "haha 😂")
JOKES = (
    "I told my computer a joke about UDP, not sure it got it",
    "my popcorn has better character development",
    "plot twist: the butler was a playlist",
    "he runs like somebody who has never seen a floor",
    "budget: 40 bucks and a fog machine",
    "that wig deserves its own credit",
)
COMMENTS = (
    "this scene is so good",
    "the lighting in {title} is something else, I had forgotten that",
    "wait, who is that again?",
    "here it comes",
    "{title} is underrated, change my mind",
    "the sound design carries this whole scene if you ask me",
    "he should not open that door",
    "*great* cast",
)
QUESTIONS = ("what is this?", "what's on?", "what are we watching again?")
ANSWERS = (
    "@{name} this is {title}",
    "@{name} you're watching {title}",
    "@{name} that's {title}, the rest is in the playlist",
)
LINKS = (
    "found the poster: https://example.com/posters/night_feature.jpg",
    "https://example.com/clips/behind-the-scenes?id=7&t=42",
    "this reminds me of https://example.com/cats.gif",
)
EMOTES = ((":kappa:", "kappa"), (":coin:", "coin"), ("/pepe", "pepe"), (":pop:", "pop"))
ORDERS = (
    "balance",
    "bal",
    "help",
    "history",
    "rewards",
    "rank",
    "top",
    "like",
    "profile",
    "events",
    "status",
    "shop",
    "bounties",
    "inflation",
    "achievements",
    "about",
)
STAKES = (
    "spin 10",
    "spin 25",
    "spin 5%",
    "spin",
    "flip 20",
    "flip 50",
    "challenge @{name} 50",
    "challenge @{name} 100",
    "blackjack 20",
    "blackjack 40",
    "heist 25",
    "race",
    "trivia 20",
)
HOSTED = (
    'predict open 2 "Does this film end well?" yes | no',
    'predict open 1 "Who talks most in the next ten minutes?" Mara | BananaJoe | somebody else',
    "raffle open 2 10",
    "raffle open 1 15 prize 60",
    'auction open 2 30 "a seat in the front row"',
    'auction open 1 20 "the last bucket of popcorn"',
)
"""What the operator opens."""
MUDDLES = (
    "balnce",
    "how do I get coins?",
    "spin all of it",
    "?",
    "tip bob",
    "tip Mara lots",
    "😀",
    "help me pls",
    "YES",
    "buy a boat",
    "queue that one",
    "buy color beige",
)
SEARCHES = (
    "harbor patrol",
    "noir",
    "beaver",
    "carnival of crows",
    "captain comet",
    "gravel",
    "moon",
    "jade scorpion",
    "cats",
)
"""What people look for; not all of it is there."""
PURCHASES = (
    "fortune",
    "fortune",
    "shoutout this one is for {name}",
    "buy popcorn",
    "buy popcorn",
    "buy lamp",
    "buy usher",
    "buy double",
    "buy poster a portrait of {name}",
    "buy color #FFD700",
    "buy color #7FDBFF",
    "buy greeting here comes trouble",
    "buy title friend of {name}",
    "buy gif https://example.com/cats.gif",
    "buy rename Popcorn",
)
BOUNTIES = (
    "name the cinematographer",
    "find the poster of {title}",
    "sing the theme tune of {title}",
    "draw {name} as a beaver",
)

FILMS = (
    Media("https://media.test/m1.json", "Clip One (1987)", 75),
    Media("https://media.test/m2.json", 'Clip Two & "Friends" <1991>', 90),
    Media("https://media.test/m3.json", "Épisode 3 🎬 The Long Night", 120),
    Media("shortClip01", "Short Clip about a Lighthouse", 60, "yt"),
    Media("https://media.test/m5.json", "Night Feature", 150),
)
