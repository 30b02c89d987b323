"""Replies hold what they must and survive the server's filters."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from tests.actors.house import settings_with
from tests.unit.text.cytube_filters import filtered

from kryten_economy.commands import refusals
from kryten_economy.commands import refusals as commands_texts
from kryten_economy.features import bans as bans_texts
from kryten_economy.features import notices as notices_texts
from kryten_economy.features.history.texts import PRESENCE, HistoryRow, history, presence_merged
from kryten_economy.features.money import texts as money_texts
from kryten_economy.features.presence import texts as presence_texts
from kryten_economy.refusals import Insufficient
from kryten_economy.text.markup import split, units

_UTC = ZoneInfo("UTC")
_AT_MS = 1_795_171_140_000  # 2026-11-20 10:39 UTC
_MINUTE_MS = 60_000

_TEXTS: list[Callable[[], str]] = [
    lambda: money_texts.balance(1250, "Z", "Z-Coins", "Regular", 3),
    lambda: commands_texts.about("kryten-economy", "1.0.0", 3723),
    lambda: commands_texts.unknown_command("balanec", "balance"),
    lambda: commands_texts.slow_down(10, 12.2),
    lambda: commands_texts.not_authorised("grant"),
    bans_texts.banned,
    commands_texts.guest_not_allowed,
    commands_texts.internal_error,
    commands_texts.outcome_unknown,
    lambda: notices_texts.quiet_on(settings_with(), ()),
    notices_texts.quiet_off,
    lambda: refusals.insufficient(100, 30, "Z"),
    lambda: refusals.below_minimum(1, 5, "Z"),
    lambda: refusals.above_maximum(1000, 500, "Z"),
    lambda: refusals.bad_amount("1e9", "write a whole number"),
    lambda: refusals.bad_name("Bob!"),
    lambda: refusals.unknown_user("Bob"),
    lambda: refusals.not_connected("Bob"),
    lambda: refusals.not_yourself("tip"),
    lambda: refusals.target_banned("Bob"),
    lambda: refusals.cooling_down("Spin", 3.4),
    lambda: refusals.daily_limit("spin", 10),
    lambda: refusals.feature_off("Tipping"),
    refusals.no_account,
    refusals.busy,
    refusals.books_closed,
    lambda: money_texts.granted("Bob", 50, 150, "Z"),
    lambda: money_texts.grant_notice(50, 150, "well done", "Z"),
    lambda: money_texts.deducted("Bob", 50, 150, "Z"),
    lambda: money_texts.deduct_notice(50, 150, None, "Z"),
    lambda: refusals.in_words(Insufficient(150, 350), "Z", name="Bob"),
    lambda: money_texts.set_balance_done("Bob", 10, 0, "Z"),
    lambda: money_texts.set_balance_notice(10, 0, "Z"),
    lambda: bans_texts.banned_user("Bob"),
    lambda: bans_texts.already_banned("Bob"),
    lambda: bans_texts.ban_notice("spam"),
    lambda: bans_texts.unbanned_user("Bob"),
    lambda: bans_texts.not_banned("Bob"),
    bans_texts.unban_notice,
    lambda: commands_texts.reloaded(["rain.min_amount", "rain.max_amount"], ["metrics.port"]),
    lambda: commands_texts.reload_failed("config.yaml:3: nats: is missing"),
    lambda: commands_texts.announced(2),
]


@pytest.mark.parametrize("text", _TEXTS)
def test_replies_are_shown_as_written(text: Callable[[], str]) -> None:
    """No reply holds a pair of marks which the default filters would swallow."""
    shown = text()
    escaped = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert filtered(shown) == escaped
    assert shown == shown.strip() != ""
    assert units(shown) <= 720


def test_balance_names_everything() -> None:
    """`balance` shows amount, symbol, currency name, rank and streak days."""
    text = money_texts.balance(1250, "Z", "Bob\nbucks", "Star", 1)
    for part in ("1,250 Z", "Bob bucks", "Star", "1 day"):
        assert part in text
    assert "Rank" not in money_texts.balance(0, "Z", "Z-Coin", None, None)


def test_about_names_version_and_uptime() -> None:
    """`about` shows name, version and uptime in hours, minutes and seconds."""
    text = commands_texts.about("kryten-economy", "1.0.0", 3723)
    assert all(part in text for part in ("kryten-economy", "1.0.0", "1h 2m 3s"))


def test_unknown_command_points_to_help() -> None:
    """An unknown word is shown clipped and cleaned, with a suggestion if there is one."""
    assert "'balance'" in commands_texts.unknown_command("balanec", "balance")
    text = commands_texts.unknown_command("x" * 300 + "\n", None)
    assert "help" in text
    assert "Did you mean" not in text
    assert units(text) < 120


def test_slow_down_rounds_the_wait_up() -> None:
    """Whoever waits as long as told is heard again."""
    assert "13s" in commands_texts.slow_down(10, 12.2)
    assert "12s" in commands_texts.slow_down(10, 12.0)
    assert "1s" in commands_texts.slow_down(10, 0.0)
    assert "4s" in refusals.cooling_down("Spin", 3.4)


def test_quiet_mode_is_explained() -> None:
    """P-MSG-4: `quiet` lists what is muted, what is not, and how to undo it."""
    settings = settings_with(rain={"enabled": True})
    text = notices_texts.quiet_on(settings, {"balance"})
    for muted in ("milestones", "streaks", "bridge", "welcome back", "rank-ups", "rain"):
        assert muted in text.split("Still sent")[0]
    assert "'unquiet'" in text
    assert "already" in notices_texts.quiet_on(settings, (), was_on=True)
    assert "already" in notices_texts.quiet_off(was_off=True)


def test_quiet_mode_names_only_what_there_is() -> None:
    """What this version has no command for, and what the settings switch off, is not told."""
    text = notices_texts.quiet_on(settings_with(), {"balance"})
    for absent in ("rain", "achievements", "competition", "summary", "event"):
        assert absent not in text
    for absent in ("tips", "challenges", "game", "bounties", "approvals"):
        assert absent not in text
    assert "tips" in notices_texts.quiet_on(settings_with(), {"tip"})


def test_hint_is_one_line() -> None:
    """A notice that can be muted ends with the one line about `quiet`."""
    assert notices_texts.with_quiet_hint("Rain!").splitlines() == [
        "Rain!",
        notices_texts.QUIET_HINT,
    ]


def test_welcome_follows_the_template() -> None:
    """The configured text is used, and a broken one gives way to the built-in one."""
    currency = {"currency": "Z-Coin", "currency_plural": "Z-Coins", "symbol": "Z"}
    assert presence_texts.welcome("{amount} {currency_plural}!", 1500, currency) == "1,500 Z-Coins!"
    assert presence_texts.welcome("oh {no", 100, currency).startswith(
        "Welcome! You've got 100 Z-Coin."
    )


def test_insufficient_says_how_much_is_missing() -> None:
    """Price, balance and difference are all named."""
    text = refusals.insufficient(1000, 300, "Z")
    assert all(part in text for part in ("1,000 Z", "300 Z", "700 Z short"))


def test_usage_names_the_syntax() -> None:
    """What was wrong stands in front of how it is written."""
    assert commands_texts.usage("tip @user <amount>") == "Usage: tip @user <amount>"
    assert commands_texts.usage("ban @user", "Who?") == "Who?\nUsage: ban @user"


def test_affected_users_learn_amount_and_reason() -> None:
    """A grant or deduction tells amount, reason and new balance; the reason is cleaned."""
    text = money_texts.grant_notice(5000, 6000, "  for\nthe poll. ", "Z")
    assert "5,000 Z: for the poll. Your balance: 6,000 Z." in text
    assert "account. Your" in money_texts.deduct_notice(1, 2, "  ", "Z")
    assert units(bans_texts.ban_notice("x" * 900)) < 320


def test_reload_reports_and_keeps_the_error() -> None:
    """A reload names what changed and what waits; a failure shows the whole reason."""
    assert "nothing has changed" in commands_texts.reloaded([], [])
    text = commands_texts.reloaded(["rain.enabled"], ["nats.servers"])
    assert "rain.enabled" in text.split("restart")[0]
    assert "nats.servers" in text.split("restart")[1]
    many = commands_texts.reloaded([f"key{n}" for n in range(40)], [])
    assert "and 28 more" in many
    failed = commands_texts.reload_failed("line 3: rain.max_amount\n\nmust be >= 5")
    assert failed.splitlines()[1:] == ["line 3: rain.max_amount", "must be >= 5"]


def _row(
    minute: int, amount_z: int, balance_z: int, trigger_id: str, reason: str | None = None
) -> HistoryRow:
    return HistoryRow(42, _AT_MS + minute * _MINUTE_MS, amount_z, balance_z, trigger_id, reason)


def listed(rows: Sequence[HistoryRow], count: int, zone: ZoneInfo) -> str:
    """A page of so many lines."""
    return history(presence_merged(rows, zone)[:count], "Z", zone)


def test_history_lines() -> None:
    """A line shows time, signed amount, reason or else trigger id, and balance after."""
    rows = [
        _row(1, -50, 1200, "spend.tip", "tip to\nBob"),
        _row(0, 1250, 1250, "onboarding.wallet"),
    ]
    _, date, first, second = listed(rows, 10, _UTC).splitlines()
    assert date == "2026-11-20:"
    assert first == "#42 10:40 -50 Z | tip to Bob | balance 1,200"
    assert second == "#42 10:39 +1,250 Z | onboarding.wallet | balance 1,250"
    assert "11:39" in listed(rows, 10, ZoneInfo("Europe/Berlin"))


def test_a_long_history_needs_few_messages() -> None:
    """25 movements with long numbers and reasons: dates once, balances where they fit."""
    rows = [
        HistoryRow(
            1_234_567 - n, _AT_MS - n * _MINUTE_MS * 90, 150, 12_345 - n, "chat.x", "Kudos " * 9
        )
        for n in range(25)
    ]
    text = listed(rows, 25, _UTC)
    assert len(split(text, 240)) <= 7
    assert text.count("2026-11-20") == 1
    usual = [_row(-n, 1, 1000 - n, "chat.x", "Kudos") for n in range(25)]
    text = listed(usual, 25, _UTC)
    assert len(split(text, 240)) <= 4
    assert "| balance 1,000" in text


def test_history_is_limited_and_never_silent() -> None:
    """Only the asked number of lines is shown, and an empty history says so."""
    rows = [_row(-minute, 1, 100 - minute, "chat.long_message") for minute in range(30)]
    assert len(listed(rows, 25, _UTC).splitlines()) == 1 + 1 + 25
    assert "No movements yet" in listed([], 10, _UTC)


def test_presence_of_an_hour_is_one_line() -> None:
    """Minutes present are summed per clock hour, also around other rows; money is kept."""
    rows = [
        _row(22, 1, 104, PRESENCE),  # 11:01
        _row(20, 1, 103, PRESENCE),  # 10:59
        _row(19, 2, 102, "chat.laugh_received"),
        _row(18, 1, 100, PRESENCE),
        _row(17, 1, 99, PRESENCE),
    ]
    merged = presence_merged(rows, _UTC)
    assert [row.amount_z for row in merged] == [1, 3, 2]
    assert sum(row.amount_z for row in merged) == sum(row.amount_z for row in rows)
    assert merged[1].balance_after_z == 103
    assert merged[1].at_ms == rows[1].at_ms
    assert merged[1].reason == "present, 3 min"
    assert merged[0].reason == "present"


def test_minutes_present_are_counted_and_not_rows() -> None:
    """A row may stand for several minutes."""
    rows = [
        replace(_row(minute, 1, 100, PRESENCE), minutes=minutes)
        for minute, minutes in ((19, 1), (18, 1), (16, 2))
    ]
    assert [row.reason for row in presence_merged(rows, _UTC)] == ["present, 4 min"]
    assert [row.reason for row in presence_merged(rows[2:], _UTC)] == ["present, 2 min"]
