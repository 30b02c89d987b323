"""What a command is, and the table from which lookup, suggestions and `help` are made.

The table is filled by registration where each command is written, together with the function
that carries it out. Words are compared without ``_`` and ``-``: chat filters swallow the
underscores of what we print, so ``setbalance`` is what people read and type.

The texts of `help`, made from the command table (`commands.md` 6, P-MSG-15).

Only enabled commands and sections with any are named; the admin section is for admins.
The overview fits into four PMs of 240 UTF-16 units (checked by a test).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from kryten_economy.commands.grammar import Parsed
from kryten_economy.config import Settings
from kryten_economy.text.markup import clip, units, user_text

__all__ = (
    "CommandSpec",
    "CommandTable",
    "Section",
    "help_text",
)

H = TypeVar("H")

_WORD_MAX = 40


class Section(StrEnum):
    """A section of `help`, in the order of its listing; the value is its topic word."""

    BASICS = "basics"
    GAMBLING = "gambling"
    SPECTACLE = "games"
    MEDIA = "media"
    SHOP = "shop"
    PROGRESS = "progress"
    BOUNTIES = "bounties"
    EVENTS = "events"
    NOTIFICATIONS = "notifications"
    INFO = "info"
    ADMIN = "admin"


def _always(_: Settings) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """One command: what it is called, how it is written, and when it can be used.

    ``reads``: it changes nothing, so the rate limit counts it half. ``for_banned``: the banned
    may use it too. ``finishes``: it brings to its end what has begun, so it is carried out while
    it is not enabled too, though it is not listed then.
    """

    name: str
    syntax: str
    summary: str
    section: Section
    aliases: tuple[str, ...] = ()
    enabled: Callable[[Settings], bool] = _always
    reads: bool = False
    for_banned: bool = False
    finishes: bool = False

    @property
    def admin(self) -> bool:
        """Whether it needs admin rights; exactly the commands of the admin section do."""
        return self.section is Section.ADMIN

    @property
    def words(self) -> tuple[str, ...]:
        """The name and its aliases."""
        return (self.name, *self.aliases)

    @property
    def is_about_oneself(self) -> bool:
        """Whether it tells about whoever asks, so that one could ask it about others too."""
        return self.reads and self.section in {Section.BASICS, Section.PROGRESS}

    def is_about_another(self, parsed: Parsed) -> bool:
        """Whether somebody is named where the command takes no name."""
        return "@" not in self.syntax and bool(parsed.args) and parsed.args[0].startswith("@")


class CommandTable(Generic[H]):
    """Commands in the order of their registration, each with its handler."""

    def __init__(self) -> None:
        self._handlers: dict[str, H] = {}
        self._specs: dict[str, CommandSpec] = {}
        self._by_word: dict[str, CommandSpec] = {}

    def __iter__(self) -> Iterator[CommandSpec]:
        return iter(tuple(self._specs.values()))

    def add(self, spec: CommandSpec, handler: H) -> None:
        """Register a command; no two may share a word."""
        if not callable(handler):
            raise TypeError(f"the command {spec.name} needs a function that carries it out")
        if spec.syntax.split()[0] != spec.name:
            raise ValueError(f"the syntax of {spec.name} must begin with its name")
        words = [_bare(word) for word in spec.words]
        taken = [word for word in words if word in self._by_word]
        if taken or len(set(words)) < len(words):
            raise ValueError(f"{spec.name}: two commands share the word {(taken or words)[0]}")
        self._specs[spec.name] = spec
        self._handlers[spec.name] = handler
        self._by_word.update((word, spec) for word in words)

    def handler(self, spec: CommandSpec) -> H:
        """What carries a command of this table out."""
        return self._handlers[spec.name]

    def find(self, word: str) -> CommandSpec | None:
        """The command with this name or alias, in any casing; None if there is none.

        Whether it is enabled and whether the sender may use it is for the caller to check.
        """
        return self._by_word.get(_bare(word))

    def usable(self, settings: Settings) -> frozenset[str]:
        """The names of the commands that this version has and this configuration enables."""
        return frozenset(spec.name for spec in self if spec.enabled(settings))

    def suggest(self, word: str, *, is_admin: bool, settings: Settings | None = None) -> str | None:
        """The name of the command of which ``word`` is a slip, of those the sender could use.

        Admin commands are suggested to admins only, disabled ones to nobody if ``settings``
        are given. None if nothing is near: a wrong guess helps nobody.
        """
        typed = _bare(word[:_WORD_MAX])
        near = [
            (distance, known, spec)
            for known, spec in self._by_word.items()
            if (is_admin or not spec.admin)
            and (settings is None or spec.enabled(settings))
            and (distance := _slips(typed, known)) is not None
        ]
        return min(near, key=lambda each: each[:2])[2].name if near else None


def _bare(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "")


def _slips(typed: str, known: str) -> int | None:
    """How many slips of the finger lie between two words; None if too many to be meant.

    A short word that differs in a letter is another word: ``tip`` is no ``top``.
    """
    if len(typed) < 2 or len(known) < 3:
        return None
    distance = _distance(typed, known)
    if len(known) == 3:
        is_near = distance == 1 and (len(typed) != 3 or sorted(typed) == sorted(known))
    else:
        is_near = distance <= (1 if len(known) < 7 else 2)
    return distance if is_near else None


def _distance(one: str, other: str) -> int:
    """Letters left out, put in, mistaken, or swapped with their neighbour."""
    if abs(len(one) - len(other)) > 2:
        return 3
    before: list[int] = []
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, start=1):
        above, before, row = before, row, [place]
        for column, wanted in enumerate(other, start=1):
            cost = min(before[column] + 1, row[-1] + 1, before[column - 1] + (letter != wanted))
            if place > 1 and column > 1 and (letter, one[place - 2]) == (other[column - 2], wanted):
                cost = min(cost, above[column - 2] + 1)
            row.append(cost)
    return row[-1]


_TITLES = {
    Section.BASICS: "💰 Basics",
    Section.GAMBLING: "🎰 Gambling",
    Section.SPECTACLE: "🏁 Games",
    Section.MEDIA: "🎬 Media",
    Section.SHOP: "🛍️ Shop and social",
    Section.PROGRESS: "⭐ Progress",
    Section.BOUNTIES: "🎯 Bounties",
    Section.EVENTS: "🎪 Events",
    Section.NOTIFICATIONS: "🔔 Notifications",
    Section.INFO: "📖 Info",
    Section.ADMIN: "🔧 Admin",
}
_TOPIC_TEXT_UNITS_MAX = 850
"""Four messages of the least usual length, with what splitting at line ends leaves unused."""
_TOPIC_UNITS_MAX = 40


def help_text(
    table: CommandTable[H], topic: str | None, *, is_admin: bool, settings: Settings
) -> str:
    """The overview, a topic, or one command; an unknown topic gives the list of topics."""
    sections = _sections(table, is_admin, settings)
    if topic is None or not topic.strip():
        return _overview(sections)
    word = topic.strip().lower()
    for section, specs in sections.items():
        if word == section.value:
            return _topic(section, specs)
    spec = table.find(word.removeprefix("!").removeprefix("/"))
    if spec is not None and spec in sections.get(spec.section, ()):
        return _command(spec)
    names = ", ".join(section.value for section in sections)
    return f"There is no help on '{clip(user_text(topic), _TOPIC_UNITS_MAX)}'. Topics: {names}."


def _sections(
    table: CommandTable[H], is_admin: bool, settings: Settings
) -> dict[Section, list[CommandSpec]]:
    """The sections which have a command for this user, with these commands."""
    found: dict[Section, list[CommandSpec]] = {}
    for section in Section:
        specs = [spec for spec in table if spec.section is section and spec.enabled(settings)]
        if specs and (is_admin or section is not Section.ADMIN):
            found[section] = specs
    return found


def _overview(sections: dict[Section, list[CommandSpec]]) -> str:
    lines = {
        section: f"{_TITLES[section]}: {_names([spec.name for spec in specs])}"
        for section, specs in sections.items()
    }
    more = "More: 'help <topic>' or 'help <command>'. Topics: " + ", ".join(sections) + "."
    told = "\n".join([*lines.values(), more])
    if units(told) <= _TOPIC_TEXT_UNITS_MAX or Section.ADMIN not in lines:
        return told
    # What operators can do is long, and has a topic of its own.
    count = len(sections[Section.ADMIN])
    lines[Section.ADMIN] = f"{_TITLES[Section.ADMIN]}: {count} commands, see 'help admin'"
    return "\n".join([*lines.values(), more])


def _topic(section: Section, specs: Sequence[CommandSpec]) -> str:
    told = "\n".join(
        [f"{_TITLES[section]}:", *(f"{spec.syntax} - {spec.summary}" for spec in specs)]
    )
    if units(told) <= _TOPIC_TEXT_UNITS_MAX:
        return told
    # A long topic names what there is; what each does is one question away.
    head = f"{_TITLES[section]} ('help <command>' tells more):"
    told = "\n".join([head, *(spec.syntax for spec in specs)])
    if units(told) <= _TOPIC_TEXT_UNITS_MAX:
        return told
    return f"{head}\n{_names([spec.name for spec in specs])}"


def _command(spec: CommandSpec) -> str:
    text = f"{spec.syntax} - {spec.summary}"
    return f"{text} (also: {', '.join(spec.aliases)})" if spec.aliases else text


def _names(names: Sequence[str]) -> str:
    """The names with at most one underscore per line, since the filters eat pairs of them."""
    text = ""
    for name in names:
        line = text.rpartition("\n")[2]
        if text:
            text += ",\n" if "_" in name and "_" in line else ", "
        text += name
    return text
