"""Triggers: what earns for taking part, registered where its rule is written (P-TXT-11).

A trigger is an id, its section of the configuration, what it pays, what people read of it and,
where chat lines set it off, a pure rule of the line and what is true around it. `TRIGGERS` finds
it wherever a feature's ``rules`` module registers it: booking, metrics, the command ``rewards``
and the list of dead triggers read nothing else (`earning.md` 8, `progression.md` 7).

The reply to ``rewards``: everything that earns here and is no secret (`commands.md` 6).
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Literal, NamedTuple, TypeAlias, TypeVar

from kryten_economy import features
from kryten_economy.config import Settings
from kryten_economy.config.triggers import TriggerSection
from kryten_economy.text.templates import money

__all__ = (
    "NOTHING",
    "TRIGGERS",
    "Effect",
    "FirstOfDay",
    "LineRule",
    "Memory",
    "Room",
    "Rule",
    "Spoken",
    "Tally",
    "Trigger",
    "TriggerAward",
    "TriggerTable",
    "Way",
    "Window",
    "award_of",
    "combined",
    "daily_counter",
    "dead_triggers",
    "has_hidden_ways",
    "load",
    "rewards",
    "shown_triggers",
    "trigger",
    "ways_to_earn",
)

M = TypeVar("M")


# What a line sets off


class Spoken(NamedTuple):
    """A chat line, as typed; ``name`` is lower case."""

    name: str
    text: str
    at_ms: int


class Memory:
    """What the rules remember of one channel: one value of each class, made when first needed.

    A rule that remembers something writes a class for it, which takes no arguments.
    """

    def __init__(self) -> None:
        self._values: dict[type, object] = {}

    def of(self, kind: type[M]) -> M:
        """The value of this class."""
        value = self._values.get(kind)
        if value is None:
            value = self._values[kind] = kind()
        assert isinstance(value, kind)
        return value


class Room(NamedTuple):
    """What is true around the line: the settings, the day, who is connected (lower case).

    ``memory`` holds what was said and done before.
    """

    settings: Settings
    day: str
    midnight_ms: int
    is_here: Callable[[str], bool]
    is_ignored: Callable[[str], bool]
    emotes_in: Callable[[str], tuple[str, ...]]
    memory: Memory


class Window(NamedTuple):
    """At most ``most`` hits of ``key`` and receiver until the window ends.

    The first hit opens it and sets its end; the first one at or after ``ends_at_ms`` opens a
    new one (`earning.md` 8.1).
    """

    key: str
    ends_at_ms: int
    most: int


class FirstOfDay(NamedTuple):
    """The daily claim of the first message (P-EARN-18)."""


class TriggerAward(NamedTuple):
    """What a trigger pays to ``name`` (lower case) if that user has an account.

    ``amount`` may hold a fraction of a Z, which is kept until it makes a whole one; it is what
    remains after all multipliers, which ``metadata`` (JSON) names.
    """

    name: str
    trigger_id: str
    reason: str
    amount: float
    limit: Window | FirstOfDay | None = None
    related_user: str | None = None
    metadata: str | None = None


class Tally(NamedTuple):
    """One more for a user's daily counter; ``others`` must have an account too."""

    name: str
    counter: Literal["kudos_given", "kudos_received", "laughs_received", "bot_interactions"]
    others: str = ""
    trigger_id: str = ""


class Effect(NamedTuple):
    """What a line counts and pays, before multipliers and limits."""

    awards: tuple[TriggerAward, ...] = ()
    tallies: tuple[Tally, ...] = ()
    long_messages: int = 0
    gifs_posted: int = 0
    emotes: tuple[str, ...] = ()


NOTHING = Effect()


def combined(effects: Iterable[Effect]) -> Effect:
    """All that several rules found."""
    awards: list[TriggerAward] = []
    tallies: list[Tally] = []
    emotes: tuple[str, ...] = ()
    long_messages = gifs_posted = 0
    for effect in effects:
        awards += effect.awards
        tallies += effect.tallies
        long_messages += effect.long_messages
        gifs_posted += effect.gifs_posted
        emotes += effect.emotes
    return Effect(tuple(awards), tuple(tallies), long_messages, gifs_posted, emotes)


# Registration

Rule: TypeAlias = Callable[[Spoken, Room], Effect]
"""What a line sets off. No rule needs another's finding: one that fails costs what it would have
found, and nothing else (P-EARN-12). Empty lines never come to a rule."""


class LineRule(NamedTuple):
    """A rule of chat lines; ``id`` names the trigger or daily counter in the log."""

    id: str
    effect: Rule


def _never(_: Settings) -> bool:
    return False


def _always(_: Settings) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Trigger:
    """One trigger: its id, where its settings are, what it pays, and what to do for it.

    The id is the section's place: ``chat.long_message`` is ``chat_triggers.long_message``.
    ``reward`` is in Z and may be a fraction; ``reason`` stands in the ledger, ``wording`` in
    ``rewards``. ``offered``: whether these settings have an occasion for it at all.
    ``excludes_self``: whether who sets it off must not be the one who is paid, under whatever
    name (`earning.md` 1).
    """

    id: str
    reason: str
    section: Callable[[Settings], TriggerSection]
    reward: Callable[[Settings], float]
    wording: Callable[[Settings], str]
    offered: Callable[[Settings], bool] = _always
    excludes_self: Callable[[Settings], bool] = _never

    def enabled(self, settings: Settings) -> bool:
        """Whether it is switched on."""
        return self.section(settings).enabled

    def shown(self, settings: Settings) -> bool:
        """Whether ``rewards`` names it."""
        section = self.section(settings)
        return section.enabled and not section.hidden


class TriggerTable:
    """Triggers and rules by id: those of chat, then content, then social, as registered."""

    def __init__(self) -> None:
        self._by_id: dict[str, Trigger] = {}
        self._rules: dict[str, Rule] = {}

    def __iter__(self) -> Iterator[Trigger]:
        load()
        return iter(sorted(self._by_id.values(), key=lambda each: _group(each.id)))

    @property
    def rules(self) -> tuple[LineRule, ...]:
        """Everything that has a say in a chat line."""
        load()
        return tuple(LineRule(*each) for each in sorted(self._rules.items(), key=_group_of_item))

    def find(self, trigger_id: str) -> Trigger | None:
        """The trigger of this id."""
        load()
        return self._by_id.get(trigger_id)

    def add(self, added: Trigger) -> Trigger:
        """Register a trigger that no chat line of its own sets off."""
        if added.id in self._by_id:
            raise ValueError(f"two triggers are called {added.id}")
        self._by_id[added.id] = added
        return added

    def add_rule(self, rule_id: str, rule: Rule) -> None:
        """Register a rule of chat lines."""
        if rule_id in self._rules:
            raise ValueError(f"two rules are called {rule_id}")
        self._rules[rule_id] = rule


TRIGGERS = TriggerTable()


def trigger(
    trigger_id: str,
    reason: str,
    *,
    section: Callable[[Settings], TriggerSection],
    reward: Callable[[Settings], float],
    wording: Callable[[Settings], str],
    excludes_self: Callable[[Settings], bool] = _never,
) -> Callable[[Rule], Trigger]:
    """Register a trigger with the rule of chat lines that it decorates; the name becomes it."""

    def register(rule: Rule) -> Trigger:
        added = Trigger(trigger_id, reason, section, reward, wording, excludes_self=excludes_self)
        TRIGGERS.add(added)
        TRIGGERS.add_rule(trigger_id, rule)
        return added

    return register


def daily_counter(counter: str) -> Callable[[Rule], Rule]:
    """Register a rule that only counts, whatever triggers are on (`earning.md` 8.6)."""

    def register(rule: Rule) -> Rule:
        TRIGGERS.add_rule(f"daily.{counter}", rule)
        return rule

    return register


@cache
def load() -> None:
    """Import every feature's rules, so that a trigger written there is registered."""
    for noun in iter_modules(features.__path__):
        name = f"{features.__name__}.{noun.name}.rules"
        if noun.ispkg and find_spec(name) is not None:
            import_module(name)


def _group(rule_id: str) -> str:
    return rule_id.partition(".")[0]


def _group_of_item(item: tuple[str, Rule]) -> str:
    return _group(item[0])


# What is asked of all triggers


def shown_triggers(settings: Settings) -> tuple[Trigger, ...]:
    """The triggers that ``rewards`` names, in the order of the table."""
    return tuple(each for each in TRIGGERS if each.shown(settings) and each.offered(settings))


def dead_triggers(settings: Settings, hit: Collection[str]) -> tuple[str, ...]:
    """The enabled ids that are not among ``hit``, presence first (`progression.md` 7)."""
    enabled = ["presence.base"]
    if settings.presence.night_watch.enabled:
        enabled.append("presence.night_watch")
    enabled.extend(each.id for each in TRIGGERS if each.enabled(settings))
    return tuple(each for each in enabled if each not in hit)


def award_of(
    paying: Trigger,
    settings: Settings,
    name: str,
    *,
    limit: Window | FirstOfDay | None = None,
    related_user: str | None = None,
) -> tuple[TriggerAward, ...]:
    """What the trigger pays to somebody; nothing where it is switched off or pays nothing."""
    amount = paying.reward(settings)
    if not paying.enabled(settings) or amount <= 0:
        return ()
    return (TriggerAward(name, paying.id, paying.reason, amount, limit, related_user),)


class Way(NamedTuple):
    """A way to earn: what is to be done, and what that pays."""

    what: str
    pays: str


def ways_to_earn(settings: Settings) -> list[Way]:
    """Presence, what comes back day by day, and every trigger that is on and not hidden."""
    triggers = [
        Way(each.wording(settings), _amount(each.reward(settings), settings))
        for each in shown_triggers(settings)
    ]
    return [*_presence(settings), *_days(settings), *triggers]


def has_hidden_ways(settings: Settings) -> bool:
    """Whether there is more to be found out."""
    return any(each.enabled(settings) and not each.shown(settings) for each in TRIGGERS)


def rewards(settings: Settings) -> str:
    """What earns here and is no secret, in words."""
    lines = ["🎁 How to earn here"]
    lines += [f"• {each.what}: {each.pays}" for each in ways_to_earn(settings)]
    if has_hidden_ways(settings):
        lines.append("There are hidden rewards too: join the talk and find out.")
    return "\n".join(lines)


def _presence(settings: Settings) -> list[Way]:
    presence, symbol = settings.presence, settings.currency.symbol
    found = []
    if presence.base_rate_per_minute:
        base = money(presence.base_rate_per_minute, symbol)
        found.append(Way("being here", f"{base} per minute"))
    if presence.active_bonus_per_minute:
        active = money(presence.active_bonus_per_minute, symbol)
        found.append(Way("being active", f"{active} more per minute"))
    milestones = [
        f"{hours}h {money(amount_z, symbol)}"
        for hours, amount_z in sorted(presence.hourly_milestones.items())
        if amount_z
    ]
    if milestones:
        found.append(Way("hours in a day", ", ".join(milestones)))
    if settings.rain.enabled:
        rain = settings.rain
        amounts = f"{rain.min_amount} to {money(rain.max_amount, symbol)}"
        found.append(Way("rain", f"{amounts} now and then"))
    return found


def _days(settings: Settings) -> list[Way]:
    streaks, symbol = settings.streaks, settings.currency.symbol
    found = []
    paying = [amount_z for amount_z in streaks.daily.rewards.values() if amount_z]
    if streaks.daily.enabled and paying:
        most = money(max(paying), symbol)
        minutes = streaks.daily.min_presence_minutes
        what = f"coming back day after day ({minutes} minutes each)"
        found.append(Way(what, f"up to {most} per day"))
    bridge = streaks.weekend_weekday_bridge
    if bridge.enabled and bridge.bonus:
        found.append(Way("weekend and weekday of one week", money(bridge.bonus, symbol)))
    return found


def _amount(reward: float, settings: Settings) -> str:
    return f"{reward:,g} {settings.currency.symbol}"
