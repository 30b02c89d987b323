"""A reload reaches everybody: each section is changed, and what it governs is another at once.

Nobody keeps settings: they are read at each use from the one place that a reload replaces. Where
something is made of them beforehand, it is named here, and is made anew when they change.
"""

import ast
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.api.helpers import Api, api
from tests.actors.house import CHANNEL, NO_TRIGGERS, START_MS, settings_with

import economy_actors
from economy_actors.handlers.reloading import put_in_force
from economy_actors.messages.channel import BotSpoke
from economy_actors.messages.workers import PricesDue
from economy_actors.outbox.protocol import SettingsChanged
from kryten_economy.config import Loaded, Settings, reload_report, with_restart_values
from kryten_economy.config.origins import Source
from kryten_economy.config.settings import RESTART_KEYS

Look = Callable[[Api], Awaitable[object]]
HOUR_S = 3600.0
BASE: dict[str, Any] = {
    "onboarding": {"welcome_wallet": 0},
    "gambling": {"min_account_age_minutes": 0},
    "tipping": {"min_account_age_minutes": 0},
    "presence": {
        "base_rate_per_minute": 0,
        "active_bonus_per_minute": 0,
        "hourly_milestones": {},
        "night_watch": {"enabled": False},
    },
    "streaks": {"daily": {"enabled": False}, "weekend_weekday_bridge": {"enabled": False}},
}


def says(command: str, by: str = "Alice") -> Look:
    """What a command is answered."""

    async def look(it: Api) -> object:
        return "\n".join(await it.house.pm(by, command))

    return look


def answers(command: str, *path: str, **fields: object) -> Look:
    """What a request is answered, or why not."""

    async def look(it: Api) -> object:
        answer = await it.raw({"command": command, "channel": CHANNEL, **fields})
        found: Any = answer
        for key in path:
            found = found[key]
        return found

    return look


def earned(minutes: int, *said: str) -> Look:
    """What Alice gets in so many minutes, and for these lines."""

    async def look(it: Api) -> object:
        before = it.house.balance("Alice")
        for line in said:
            await it.house.chat("Alice", line)
        await it.house.minutes(minutes)
        return it.house.balance("Alice") - before

    return look


def asleep(seconds: float, name: str = "Alice") -> Look:
    """What somebody gets while the clock goes on by itself."""

    async def look(it: Api) -> object:
        before = it.house.balance(name)
        await anyio.sleep(seconds)
        await it.house.settle()
        return it.house.balance(name) - before > 0

    return look


async def newcomer(it: Api) -> object:
    """What somebody new brings with them."""
    name = f"New{len(await it.house.present())}"
    await it.house.join(name)
    wallet = it.house.wallet(name)
    return 0 if wallet is None else wallet.balance_z


async def spoken_to(it: Api) -> object:
    """What Alice gets for a line of the bot that names her."""
    before = it.house.balance("Alice")
    await it.house.chat("Alice", "hm")
    it.house.channel.tell(BotSpoke("No, alice."))
    await it.house.settle()
    return it.house.balance("Alice") - before


async def digested(it: Api) -> object:
    """Whether Boss is sent anything in the next hour and a quarter."""
    before = len(it.house.pms("Boss"))
    await anyio.sleep(1.25 * HOUR_S)
    await it.house.settle()
    return len(it.house.pms("Boss")) > before


async def third_question(it: Api) -> object:
    """Whether the third question in a row is one too many."""
    replies = [await it.house.pm("Alice", "quiet") for _ in range(3)]
    return any("Slow down" in text for each in replies for text in each)


async def back_after_days(it: Api) -> object:
    """What is paid for coming back."""
    await it.house.leave("Alice")
    await anyio.sleep(25 * HOUR_S)
    before = it.house.balance("Alice")
    await it.house.join("Alice")
    return it.house.balance("Alice") - before


async def outbox(it: Api) -> object:
    """What the outbox was told to keep to."""
    told = [each for each in it.house.heard if isinstance(each, SettingsChanged)]
    if not told:
        return None
    limits = told[-1].limits
    return (limits.max_units, limits.lines_per_minute, sorted(limits.closed_gates))


async def pace(it: Api) -> object:
    """Whether the outbox was told to keep no pace."""
    told = [each for each in it.house.heard if isinstance(each, SettingsChanged)]
    return told[-1].pace.unpaced if told else False


@dataclass(frozen=True)
class Probe:
    """A section, what is changed in it, and what is seen before and after."""

    changes: dict[str, Any]
    look: Look
    was: object
    now: object
    before: dict[str, Any] = field(default_factory=dict)
    scheduled: bool = False
    hour: float = 10.0


def off(*path: str) -> dict[str, Any]:
    """Something switched off."""
    changes: dict[str, Any] = {"enabled": False}
    for key in reversed(path):
        changes = {key: changes}
    return changes


PRICE = {"username": "Alice", "duration_sec": 600, "tier": "queue"}
TIER = [{"max_minutes": 60, "label": "All", "cost": 7}]
SHOP = {
    "items": [
        {"id": "lamp", "name": "Lamp", "price": 5, "description": "Light", "effect": "approval"}
    ]
}
TIERS = [{"name": "Rookie", "min_lifetime_earned": 0, "perks": []}]
PROBES: dict[str, Probe] = {
    "currency": Probe({"currency": {"symbol": "Gold"}}, says("balance"), "Z", "Gold"),
    "ignored_users": Probe({"ignored_users": ["Alice"]}, says("balance"), "Z", "don't see"),
    "onboarding": Probe({"onboarding": {"welcome_wallet": 70}}, newcomer, 0, 70),
    "commands": Probe({"commands": {"rate_limit_per_minute": 1}}, third_question, False, True),
    "admin": Probe({"admin": {"owner_level": 9}}, says("panic", "Boss"), "Nothing", "needs admin"),
    "messages": Probe(
        {"messages": {"max_length": 100}}, outbox, None, (100, 10, []),
    ),
    "chat_min_delay": Probe({"chat_min_delay": 0, "chat_jitter": 0}, pace, False, True),
    "chat_jitter": Probe({"chat_min_delay": 0, "chat_jitter": 0}, pace, False, True),
    "presence": Probe({"presence": {"base_rate_per_minute": 3}}, earned(2), 0, 6),
    "streaks": Probe(
        {"streaks": {"daily": {"enabled": True, "min_presence_minutes": 5}}},
        asleep(HOUR_S / 4), False, True, scheduled=True, hour=23.6,
    ),
    "rain": Probe(
        {"rain": {"enabled": True, "interval_minutes": 1}}, asleep(2 * HOUR_S), False, True,
        scheduled=True,
    ),
    "balance_maintenance": Probe(
        {"balance_maintenance": {"mode": "interest", "interest": {"daily_rate": 0.1}}},
        asleep(HOUR_S / 4), False, True, scheduled=True, hour=2.8,
    ),
    "retention": Probe(
        {"retention": {"welcome_back": {"enabled": True, "bonus": 11, "days_absent": 1}}},
        back_after_days, 1, 11,
        {"retention": {"welcome_back": {"enabled": False}}, "onboarding": {"welcome_wallet": 1}},
    ),
    "chat_triggers": Probe(
        {"chat_triggers": {"long_message": {"enabled": True, "min_chars": 5, "reward": 4}}},
        earned(1, "hello everybody"), 0, 4,
    ),
    "content_triggers": Probe(
        {"content_triggers": {"like_current": {"enabled": False}}}, says("like"), "playing", "off",
    ),
    "social_triggers": Probe(
        {"social_triggers": {"bot_interaction": {"enabled": True, "reward": 5}}},
        spoken_to, 0, 5,
    ),
    "gambling": Probe({"gambling": off()}, says("spin 10"), "Z", "off"),
    "spending": Probe(
        {"spending": {"queue_tiers": TIER}},
        answers("spending.queue_preview", "data", "base_cost", **PRICE), 2_500, 7,
    ),
    "inflation": Probe(
        {"inflation": {"enabled": True, "anchor_float": 1, "max_multiplier": 2}},
        answers("spending.queue_preview", "data", "inflation_multiplier", **PRICE), 1.0, 2.0,
    ),
    "vanity_shop": Probe(
        {"vanity_shop": {"custom_title": {"cost": 13}}}, says("shop"), "Z", "13",
    ),
    "tipping": Probe({"tipping": off()}, says("tip @Boss 5"), "tipped", "off"),
    "wallets": Probe(
        {"wallets": off()}, answers("wallet.get", "success", username="Alice"), True, False,
        {"wallets": {"enabled": True}},
    ),
    "ranks": Probe(
        {"ranks": {"tiers": TIERS}, "cytube_promotion": {"enabled": False, "min_rank": "Rookie"}},
        says("rank"), "", "Rookie",
    ),
    "cytube_promotion": Probe(
        {"cytube_promotion": {"cost": 77}}, says("shop"), "", "77",
        {"cytube_promotion": {"enabled": True, "cost": 500}},
    ),
    "shop": Probe({"shop": SHOP}, says("shop"), "", "Lamp"),
    "multipliers": Probe(
        {"multipliers": {"high_population": {"min_users": 1, "multiplier": 3}}},
        earned(1), 1, 3, {"presence": {"base_rate_per_minute": 1}},
    ),
    "bounties": Probe({"bounties": off()}, says("bounties"), "", "off"),
    "digest": Probe(
        {"digest": {"admin_digest": {"enabled": True, "send_hour_utc": 11}}}, digested, False, True,
        {"digest": {"admin_digest": {"enabled": False}}}, scheduled=True, hour=3 * 24 + 9.5,
    ),
    "announcements": Probe(
        {"announcements": {"rain_drop": False}}, outbox, None, (240, 10, ["rain_drop"]),
    ),
}  # fmt: skip
GAMES = ("spin", "flip", "challenge", "heist", "race", "trivia", "blackjack", "predict", "raffle")
ELSEWHERE = {
    "mediacms": "tests/actors/catalogue/test_catalogue.py",
    "achievements": "tests/actors/session/test_achievements.py",
    "daily_competitions": "tests/actors/earning/test_competitions.py",
    "database": "tests/actors/test_scheduler.py",
    "api_auth": "tests/integration/service/test_tokens.py",
    "bot": "needs a restart",
}
"""Sections that are shown with their own topic."""


def laid_over(changes: dict[str, Any], below: dict[str, Any]) -> dict[str, Any]:
    """Settings with others laid over them, section by section."""
    result = dict(below)
    for key, value in changes.items():
        old = result.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        result[key] = laid_over(value, old) if both and isinstance(old, dict) else value
    return result


def reload(it: Api, settings: Settings) -> None:
    """What a reload does once the file is read."""
    put_in_force(it.house.context, Loaded(settings, (), Source()))


def fits(seen: object, wanted: object) -> bool:
    """A text has to hold what is wanted, and nothing where that is nothing."""
    if isinstance(seen, str) and isinstance(wanted, str):
        return wanted.lower() in seen.lower()
    return seen == wanted


@pytest.mark.parametrize("section", PROBES)
async def test_a_changed_section_counts_at_once(tmp_path: Path, section: str) -> None:
    """Without a restart, in the same sessions, channel and jobs (P-CFG-2, P-CFG-3)."""
    probe = PROBES[section]
    before = laid_over(probe.before, laid_over(NO_TRIGGERS, BASE))
    old = settings_with(**before)
    new = settings_with(**laid_over(probe.changes, before))
    start_ms = START_MS + round((probe.hour - 10) * 3_600_000)
    async with api(tmp_path, old, scheduled=probe.scheduled, start_ms=start_ms) as it:
        await it.house.join("Boss", rank=5)
        for name in ("Alice", "Boss"):
            await it.account(name, 50_000)
        await it.house.join("Alice")
        it.house.context.prices.tell(PricesDue())
        await it.house.settle()
        seen = await probe.look(it)
        assert fits(seen, probe.was), seen
        assert not (isinstance(probe.now, str) and probe.now and fits(seen, probe.now)), seen
        reload(it, new)
        await it.house.settle()
        seen = await probe.look(it)
        assert fits(seen, probe.now), seen


@pytest.mark.parametrize("game", GAMES)
async def test_a_game_is_switched_on_and_off_at_once(tmp_path: Path, game: str) -> None:
    """What was off at the start can be played after a reload, and the other way round."""
    key = {"predict": "prediction"}.get(game, game)
    settings = [
        settings_with(**laid_over({"gambling": {key: {"enabled": enabled}}}, BASE))
        for enabled in (False, True)
    ]
    async with api(tmp_path, settings[0]) as it:
        await it.account("Alice", 500)
        await it.house.join("Alice")
        for enabled in (False, True, False):
            reload(it, settings[enabled])
            await it.house.settle()
            told = "\n".join(await it.house.pm("Alice", f"help {game}"))
            assert (f"{game} " in told and "no help on" not in told) is enabled, told
            if not enabled:
                assert "off" in "\n".join(await it.house.pm("Alice", game))


def test_every_section_is_shown_or_needs_a_restart() -> None:
    """Whoever adds a section to the configuration adds how a reload of it is seen."""
    restart = {each.partition(".")[0] for each in RESTART_KEYS if "." not in each} | {"metrics"}
    assert {*Settings.model_fields} - restart == {*PROBES, *ELSEWHERE}
    for shown in ELSEWHERE.values():
        assert not shown.startswith("tests/") or Path(shown).exists(), shown


def test_what_needs_a_restart_is_named_and_kept() -> None:
    """Each of these keys is told in restart_required, and its old value stays in force."""
    old = settings_with()
    changes: dict[str, Any] = {
        "nats": {"servers": ["nats://127.0.0.1:4333"]},
        "channels": [{"domain": "cytube.test", "channel": "Other"}],
        "service": {"heartbeat_interval": 60},
        "database": {"path": "other.db"},
        "bot": {"username": "Other"},
        "metrics": {
            "enabled": False, "host": "0.0.0.0", "port": 1, "health_path": "/h",  # noqa: S104
            "metrics_path": "/m",
        },
        "web": {"port": 1},
        "retry_attempts": 9, "retry_delay": 9, "handler_timeout": 9,
        "max_concurrent_handlers": 9, "log_level": "DEBUG", "timezone": "Asia/Tokyo",
    }  # fmt: skip
    new = settings_with(**changes)
    assert set(reload_report(old, new).restart_required) == {*RESTART_KEYS}
    assert reload_report(old, with_restart_values(old, new)).changed == ()


MADE_BEFOREHAND = {
    "channel/actor.py: _ignored",
    "channel/intake.py: _limiter",
    "channel/progress.py: _achievements",
    "channel/progress.py: _lookout",
    "channel/talk.py: _known_room",
    "gateway/bus.py: _config",
    "gateway/bus.py: _name",
    "gateway/bus.py: _places",
    "gateway/events.py: places",
    "gateway/probe.py: _settings",
    "tables/race.py: _pools",
}
"""Made anew by a reload, at the next round or look, or of keys that need a restart."""


def test_nobody_keeps_settings() -> None:
    """No attribute of an actor is made of settings but those that are made anew."""
    root = Path(economy_actors.__file__).parent
    kept = set()
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
                continue
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if not any(_is_settings(each) for each in ast.walk(node.value)):
                continue
            kept |= {
                f"{path.relative_to(root)}: {part.attr}"
                for target in targets
                for part in ast.walk(target)
                if isinstance(part, ast.Attribute)
                and isinstance(part.value, ast.Name)
                and part.value.id == "self"
                and not path.match("context.py")
            }
    assert kept == MADE_BEFOREHAND


def _is_settings(node: ast.AST) -> bool:
    named = isinstance(node, ast.Attribute) and node.attr == "settings"
    return named or (isinstance(node, ast.Name) and node.id == "settings")
