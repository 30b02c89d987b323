"""The numbers of the user's guide are the defaults of the settings."""

import re

from tests.unit.docs.pages import page, section

from kryten_economy.config import Settings


def _defaults() -> Settings:
    return Settings.model_validate(
        {
            "nats": {"servers": ["nats://localhost"]},
            "channels": [{"domain": "cytube.test", "channel": "testchan"}],
        }
    )


def _numbers(text: str) -> list[int]:
    return [int(each.replace(",", "")) for each in re.findall(r"\d[\d,]*\d|\d", text)]


def _row(what: str) -> list[int]:
    """The numbers of a row of the table of what earns."""
    rows = section(page("users-guide.md"), "## How you earn").splitlines()
    [row] = [row for row in rows if row.startswith(f"| {what}")]
    return _numbers(row)


def test_what_earns_is_what_the_defaults_pay() -> None:
    """Whoever reads the guide in a channel of defaults is paid what it says."""
    settings = _defaults()
    daily, rain = settings.streaks.daily, settings.rain
    assert _row("Coming for the first time") == [settings.onboarding.welcome_wallet]
    assert _row("Being here") == [settings.presence.base_rate_per_minute]
    hours = settings.presence.hourly_milestones
    told = _row("Hours in one day")
    assert told[0::2][: len(hours)] == list(hours.values())
    assert told[1::2] == list(hours)[:-1]  # the whole day is told in words
    assert _row("Coming back day after day") == [
        daily.min_presence_minutes,
        min(daily.rewards),
        *daily.rewards.values(),
        *(daily.milestone_7_bonus, 7, daily.milestone_30_bonus, 30),
    ]
    assert _row("A weekend day") == [settings.streaks.weekend_weekday_bridge.bonus]
    assert _row("Coming back after a week") == [settings.retention.welcome_back.bonus]
    assert _row("Rain") == [rain.min_amount, rain.max_amount]
    assert _row("Interest") == [settings.balance_maintenance.interest.min_balance_to_earn]


def test_what_else_it_counts_is_so_by_default() -> None:
    """How long an absence is none, how much can be tipped, how often one may write."""
    settings, text = _defaults(), page("users-guide.md")
    assert settings.presence.join_debounce_minutes == 5
    assert "you are back within five minutes" in text
    assert f"up to {settings.tipping.max_per_day:,} a day" in text
    assert settings.commands.rate_limit_per_minute == 10
    assert "more than ten commands in a minute" in text
    assert settings.bounties.expiry_refund_percent == 50
    assert "takes yours back, for half of it" in text
    assert settings.retention.welcome_back.days_absent == 7
