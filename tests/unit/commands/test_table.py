"""Lookup, suggestions and help come from one table."""

import re
from dataclasses import replace

import pytest
from tests.unit.text.cytube_filters import filtered

from economy_actors.handlers.registry import COMMANDS
from kryten_economy.commands.table import CommandSpec, CommandTable, Section
from kryten_economy.commands.table import help_text as help_from
from kryten_economy.config import Settings
from kryten_economy.config.gambling import Gambling
from kryten_economy.text.markup import split

find, suggest = COMMANDS.find, COMMANDS.suggest


def help_text(topic: str | None, *, is_admin: bool, settings: Settings) -> str:
    return help_from(COMMANDS, topic, is_admin=is_admin, settings=settings)


@pytest.fixture
def settings() -> Settings:
    return Settings.model_validate(
        {
            "nats": {"servers": ["nats://localhost"]},
            "channels": [{"domain": "cytube.test", "channel": "testchan"}],
            "mediacms": {"base_url": "https://media.test"},
        }
    )


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("balance", "balance"),
        ("BAL", "balance"),
        ("mute", "quiet"),
        ("unmute", "unquiet"),
        ("set_balance", "set_balance"),
        ("setbalance", "set_balance"),
        ("SET-BALANCE", "set_balance"),
    ],
)
def test_commands_are_found_by_any_of_their_words(word: str, name: str) -> None:
    """Names and aliases are found in any casing, with or without their underscore."""
    spec = find(word)
    assert spec is not None
    assert spec.name == name


def test_unknown_words_are_not_found() -> None:
    """A word of no command, empty or endless, finds nothing."""
    assert find("nothing") is find("") is find("x" * 10_000) is None


def test_admin_rights_follow_the_section() -> None:
    """Exactly the admin commands of the specification need rights."""
    assert {spec.name for spec in COMMANDS if spec.admin} == {
        "claim_bounty",
        "econ:gambling",
        "econ:health",
        "econ:stats",
        "econ:triggers",
        "econ:user",
        "econ_reset",
        "audit",
        "undo",
        "grant",
        "deduct",
        "set_balance",
        "set_rank",
        "ban",
        "unban",
        "config",
        "freeze",
        "key",
        "panic",
        "pause",
        "readonly",
        "resume",
        "reload",
        "announce",
        "rain",
        "event",
        "approvals",
        "approve_gif",
        "reject_gif",
        "inflation",
        "shop_add",
        "shop_remove",
        "shop_stock",
        "shop_items",
        "approve_item",
        "reject_item",
        "approve_force",
        "reject_force",
    }


def test_suggestions_are_near_and_usable() -> None:
    """A slip gives the nearest command, but admin commands only to admins."""
    assert suggest("balanec", is_admin=False) == "balance"
    assert suggest("hsitory", is_admin=False) == "history"
    assert suggest("helpp", is_admin=False) == "help"
    assert suggest("grnat", is_admin=False) is None
    assert suggest("grnat", is_admin=True) == "grant"
    assert suggest("xyzzy", is_admin=True) is None
    assert suggest("b" * 10_000, is_admin=True) is None


def test_syntax_begins_with_the_name() -> None:
    """Usage texts can be typed as they stand."""
    for spec in COMMANDS:
        assert spec.syntax.split()[0] == spec.name


@pytest.mark.parametrize("is_admin", [False, True])
def test_every_help_text_fits_into_four_messages(settings: Settings, is_admin: bool) -> None:
    """The overview, every topic and every command need at most four PMs of 240 units."""
    topics = [None, "nonsense", *Section, *(spec.name for spec in COMMANDS)]
    for topic in topics:
        assert len(split(help_text(topic, is_admin=is_admin, settings=settings), 240)) <= 4


def test_overview_names_every_usable_command(settings: Settings) -> None:
    """P-MSG-15: help lists the whole table, the admin section to admins only."""
    for_users = help_text(None, is_admin=False, settings=settings)
    for_admins = help_text("  ", is_admin=True, settings=settings)
    assert "help admin" in for_admins
    for_admins += help_text("admin", is_admin=True, settings=settings)
    for_users_words, for_admins_words = (
        set(re.findall(r"[a-z_]+(?::[a-z]+)?", text)) for text in (for_users, for_admins)
    )
    for spec in COMMANDS:
        is_usable = spec.enabled(settings)
        assert (spec.name in for_users_words) is (is_usable and not spec.admin)
        assert (spec.name in for_admins_words) is is_usable
    assert "Admin" not in for_users
    off = settings.model_copy(update={"gambling": Gambling(enabled=False)})
    assert "Gambling" in for_admins
    assert "Gambling" not in help_text(None, is_admin=True, settings=off)


def test_help_on_a_topic_and_a_command(settings: Settings) -> None:
    """A topic lists its commands with syntax and summary; a command adds its aliases."""
    topic = help_text("Basics", is_admin=False, settings=settings)
    assert "history [n] - " in topic
    command = help_text("!bal", is_admin=False, settings=settings)
    assert command.startswith("balance - ")
    assert command.endswith("(also: bal)")


@pytest.mark.parametrize("topic", ["admin", "grant", "nonsense", "x" * 900])
def test_unknown_topics_list_the_topics(settings: Settings, topic: str) -> None:
    """What a user can't use is no topic for that user."""
    text = help_text(topic, is_admin=False, settings=settings)
    assert text.startswith("There is no help on")
    usable = {spec.section for spec in COMMANDS if spec.enabled(settings) and not spec.admin}
    named = ", ".join(section.value for section in Section if section in usable)
    assert text.endswith(f"Topics: {named}.")


def test_help_is_shown_as_written(settings: Settings) -> None:
    """No line of help holds a pair of underscores, which the filters would swallow."""
    for topic in (None, *Section, *(spec.name for spec in COMMANDS)):
        text = help_text(topic, is_admin=True, settings=settings)
        assert "<em>" not in filtered(text)


async def _nothing(_: object) -> str:
    return ""


def test_disabled_and_new_commands(settings: Settings) -> None:
    """A registration is all a command needs; while disabled, help and suggestions hide it."""
    table: CommandTable[object] = CommandTable()
    for name in ("one_game", "two_game", "three_game"):
        spec = CommandSpec(
            name, name, "games", Section.GAMBLING, enabled=lambda s: s.tipping.enabled
        )
        table.add(spec, _nothing)
    shown = help_from(table, None, is_admin=False, settings=settings)
    assert all(row.name in shown for row in table)
    assert "<em>" not in filtered(shown)
    assert table.suggest("onegam", is_admin=False, settings=settings) == "one_game"
    off = settings.model_copy(
        update={"tipping": settings.tipping.model_copy(update={"enabled": False})}
    )
    assert "Gambling" not in help_from(table, None, is_admin=False, settings=off)
    assert table.suggest("onegam", is_admin=False, settings=off) is None
    assert table.usable(off) == frozenset()
    assert replace(next(iter(table)), section=Section.ADMIN).admin


@pytest.mark.parametrize("word", ["b", "x", "lb2", "cap", "tip", "hello", "la", "no"])
def test_what_is_not_near_is_not_suggested(word: str) -> None:
    """One letter, or another short word, is no slip of a command."""
    assert suggest(word, is_admin=True) is None


@pytest.mark.parametrize(
    ("word", "name"),
    [("tpo", "top"), ("to", "top"), ("balnce", "balance"), ("acheivments", "achievements")],
)
def test_slips_are_recognised(word: str, name: str) -> None:
    """A letter left out, put in, mistaken, or swapped with its neighbour."""
    assert suggest(word, is_admin=False) == name


def test_help_names_no_bounties_where_there_are_none(settings: Settings) -> None:
    """Help lists only what can be done: events have a section of their own."""
    assert "Bounties: bounty" in help_text(None, is_admin=False, settings=settings)
    bounties = settings.bounties.model_copy(update={"enabled": False})
    off = settings.model_copy(update={"bounties": bounties})
    assert "Bount" not in help_text(None, is_admin=True, settings=off)
    assert "events" in help_text(None, is_admin=True, settings=off)
