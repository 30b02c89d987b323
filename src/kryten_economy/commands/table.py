"""The table of commands, from which lookup, suggestions and `help` are made.

A command is one row; to add one, add a row. `commands.md` 5, 6 and 8 give names,
aliases and syntax. Words are compared without ``_`` and ``-``: chat filters swallow the
underscores of what we print, so ``setbalance`` is what people read and type.
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from kryten_economy.config import Settings

__all__ = ("COMMANDS", "CommandSpec", "Section", "find", "suggest")

_NEARNESS_MIN = 0.6


class Section(StrEnum):
    """A section of `help`, in the order of its listing; the value is its topic word."""

    BASICS = "basics"
    GAMBLING = "gambling"
    SPECTACLE = "games"
    MEDIA = "media"
    SHOP = "shop"
    PROGRESS = "progress"
    BOUNTIES = "bounties"
    NOTIFICATIONS = "notifications"
    INFO = "info"
    ADMIN = "admin"


def _always(_: Settings) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """One command: what it is called, how it is written, and when it can be used."""

    name: str
    syntax: str
    summary: str
    section: Section
    aliases: tuple[str, ...] = ()
    enabled: Callable[[Settings], bool] = _always

    @property
    def admin(self) -> bool:
        """Whether it needs admin rights; exactly the rows of the admin section do."""
        return self.section is Section.ADMIN

    @property
    def words(self) -> tuple[str, ...]:
        """The name and its aliases."""
        return (self.name, *self.aliases)


COMMANDS: tuple[CommandSpec, ...] = (
    CommandSpec("balance", "balance", "your balance, rank and streak", Section.BASICS, ("bal",)),
    CommandSpec("like", "like", "like what is playing", Section.MEDIA),
    CommandSpec("rewards", "rewards", "what earns here", Section.BASICS),
    CommandSpec("history", "history [n]", "your last movements, 1 to 25 of them", Section.BASICS),
    CommandSpec(
        "why",
        "why [number]",
        "where a movement comes from; the numbers are in 'history'",
        Section.BASICS,
        ("explain",),
    ),
    CommandSpec("rank", "rank", "your rank, its perks and the next one", Section.PROGRESS),
    CommandSpec("streak", "streak", "your days in a row and the bridge", Section.PROGRESS),
    CommandSpec("profile", "profile [@user]", "who somebody is here", Section.PROGRESS),
    CommandSpec("achievements", "achievements", "what you've won and can win", Section.PROGRESS),
    CommandSpec(
        "top",
        "top [earners|rich|lifetime|ranks] [page]",
        "the leaderboards",
        Section.PROGRESS,
        ("leaderboard", "lb"),
    ),
    CommandSpec(
        "quiet",
        "quiet [top]",
        "mute automatic notices; with 'top', be on no leaderboard",
        Section.NOTIFICATIONS,
        ("mute",),
    ),
    CommandSpec(
        "unquiet", "unquiet [top]", "the other way round", Section.NOTIFICATIONS, ("unmute",)
    ),
    CommandSpec("status", "status", "what goes on here now", Section.BOUNTIES, ("eventstatus",)),
    CommandSpec(
        "events", "events", "what multiplies earning now", Section.BOUNTIES, ("multipliers",)
    ),
    CommandSpec("help", "help [topic or command]", "what you can do here", Section.INFO),
    CommandSpec("about", "about", "name, version and uptime of this service", Section.INFO),
    CommandSpec("grant", "grant @user <amount> [reason]", "give money to a user", Section.ADMIN),
    CommandSpec(
        "deduct", "deduct @user <amount> [reason]", "take money from a user", Section.ADMIN
    ),
    CommandSpec(
        "set_balance", "set_balance @user <amount>", "set a balance, 0 or more", Section.ADMIN
    ),
    CommandSpec(
        "set_rank", "set_rank @user <rank|auto>", "set a rank until it is outgrown", Section.ADMIN
    ),
    CommandSpec("rain", "rain <total>", "share money among all who are here", Section.ADMIN),
    CommandSpec(
        "event",
        "event start <multiplier> <minutes> <name> | event stop",
        "multiply earning for a while",
        Section.ADMIN,
    ),
    CommandSpec("ban", "ban @user [reason]", "suspend a user from the economy", Section.ADMIN),
    CommandSpec("unban", "unban @user", "lift a ban", Section.ADMIN),
    CommandSpec("reload", "reload", "read the config file again", Section.ADMIN),
    CommandSpec("announce", "announce <text>", "post a text in the channel", Section.ADMIN),
)


def _bare(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "")


_BY_WORD = {_bare(word): spec for spec in COMMANDS for word in spec.words}
assert len(_BY_WORD) == sum(len(spec.words) for spec in COMMANDS), "two commands share a word"


def find(word: str) -> CommandSpec | None:
    """The command with this name or alias, in any casing; None if there is none.

    Whether it is enabled and whether the sender may use it is for the caller to check.
    """
    return _BY_WORD.get(_bare(word))


def suggest(word: str, *, is_admin: bool, settings: Settings | None = None) -> str | None:
    """The name of the command most like ``word``, of those the sender could use.

    Admin commands are suggested to admins only, disabled ones to nobody if ``settings``
    are given. None if nothing is near.
    """
    usable = [
        known
        for known, spec in _BY_WORD.items()
        if (is_admin or not spec.admin) and (settings is None or spec.enabled(settings))
    ]
    # A longer word is no misspelt command, and comparing one is slow.
    near = difflib.get_close_matches(_bare(word[:40]), usable, n=1, cutoff=_NEARNESS_MIN)
    return _BY_WORD[near[0]].name if near else None
