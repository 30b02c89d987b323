"""The texts of `help`, made from the command table (`commands.md` 6, P-MSG-15).

Only enabled commands and sections with any are named; the admin section is for admins.
The overview fits into four PMs of 240 UTF-16 units (checked by a test).
"""

from collections.abc import Sequence
from typing import TypeVar

from kryten_economy.commands.table import CommandSpec, CommandTable, Section
from kryten_economy.config import Settings
from kryten_economy.text.clean import user_text
from kryten_economy.text.lengths import clip

__all__ = ("help_text",)

H = TypeVar("H")

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
    lines = [
        f"{_TITLES[section]}: {_names([spec.name for spec in specs])}"
        for section, specs in sections.items()
    ]
    lines.append("More: 'help <topic>' or 'help <command>'. Topics: " + ", ".join(sections) + ".")
    return "\n".join(lines)


def _topic(section: Section, specs: Sequence[CommandSpec]) -> str:
    return "\n".join(
        [f"{_TITLES[section]}:", *(f"{spec.syntax} - {spec.summary}" for spec in specs)]
    )


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
