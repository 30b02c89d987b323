"""What is told of a replay: which keys differ, how far that is known, a page that stands alone."""

from typing import Any

import pytest
from tests.unit.whatif.made import Made, settings

from kryten_economy.config import Settings
from kryten_economy.whatif.charts import page, plot
from kryten_economy.whatif.differences import Treatment, differences, untraced
from kryten_economy.whatif.report import Report, report_of, table_text

PLAIN = settings()


def told(after: Settings, before: Settings = PLAIN) -> Report:
    made = Made()
    ann, bob = made.open("ann", 100), made.open("bob")
    made.earn(ann, 3, "chat.kudos_received")
    made.earn(bob, 100, "onboarding.wallet", "welcome_wallet")
    made.give(ann, 50, "spend.vanity.shoutout")
    return report_of(made.under(before, after), before, after)


@pytest.mark.parametrize(
    ("sections", "treatment"),
    [
        ({"chat_triggers": {"kudos_received": {"reward": 9}}}, Treatment.EXACT),
        ({"vanity_shop": {"shoutout": {"cost": 9}}}, Treatment.EXACT),
        ({"presence": {"base_rate_per_minute": 9}}, Treatment.ABOUT),
        ({"gambling": {"flip": {"win_chance": 0.3}}}, Treatment.ABOUT),
        ({"chat_triggers": {"long_message": {"min_chars": 9}}}, Treatment.UNKNOWN),
        ({"gambling": {"heist": {"success_chance": 0.1}}}, Treatment.UNKNOWN),
        ({"streaks": {"daily": {"min_presence_minutes": 9}}}, Treatment.UNKNOWN),
        ({"chat_triggers": {"kudos_received": {"hidden": False}}}, Treatment.NO_MONEY),
        ({"currency": {"name": "Bean"}}, Treatment.NO_MONEY),
    ],
)
def test_each_key_that_differs_says_how_far_it_is_known(
    sections: dict[str, Any], treatment: Treatment
) -> None:
    """Exact, approximate, not told by the books, or no matter of money."""
    [found] = differences(PLAIN, settings(**sections))
    assert found.treatment is treatment, found
    assert " -> " in found.text


def test_what_has_left_no_trace_is_named() -> None:
    """A trigger that was off, rain that never fell, an achievement that is new."""
    before = settings(chat_triggers={"kudos_received": {"enabled": False}})
    award = {"id": "new", "description": "New", "reward": 5}
    award["condition"] = {"type": "lifetime_messages", "threshold": 5}
    after = settings(rain={"enabled": True}, achievements=[award])
    assert untraced(before, after) == ("chat.kudos_received", "rain", "achievement new")
    assert "the books don't know whom: chat.kudos_received, rain" in table_text(told(after, before))


def test_the_table_shows_figures_before_and_after_with_the_change() -> None:
    """Supply, median, shares, sources and prices; what is the same is shown by a sign."""
    after = settings(chat_triggers={"kudos_received": {"reward": 10}})
    text = table_text(told(after)).splitlines()
    cells = {line[:28].strip(): line[28:].split() for line in text if line}
    assert cells["supply (wallets and holds)"] == ["153", "160", "+7", "(+4.6%)"]
    assert cells["median wallet"][:3] == ["76", "80", "+4"]
    assert any(line.split()[-1:] == ["="] for line in text)
    assert any("spend.vanity.shoutout" in line for line in text)
    assert any("queue: Movie" in line for line in text)


def test_what_is_not_known_stands_below_the_tables() -> None:
    """A key that lets things happen, payments that fell away, rows of another configuration."""
    after = settings(
        vanity_shop={"shoutout": {"cost": 900}}, chat_triggers={"long_message": {"min_chars": 9}}
    )
    text = table_text(told(after, settings(vanity_shop={"shoutout": {"cost": 50}})))
    assert "Not replayed, since the books don't tell: chat_triggers.long_message.min_chars" in text
    assert "1 payments of 900 Z were not made" in text


def test_the_page_holds_its_charts_and_runs_and_fetches_nothing() -> None:
    """Names of a file are escaped, the same outcome makes the same page."""
    event = {"name": "<b>Night</b>", "cron": "0 20 * * 5", "duration_hours": 1}
    after = settings(multipliers={"scheduled_events": [event]})
    report = told(after)
    drawn = page([report], 1)
    assert drawn == page([report], 1)
    assert drawn.count("<svg") == 4
    assert "<script" not in drawn
    assert "<b>Night" not in drawn
    assert drawn.count("http") == drawn.count("http://www.w3.org/2000/svg") + drawn.count(
        "http-equiv"
    )


def test_the_plot_is_plain_characters_of_the_width_of_a_terminal() -> None:
    """Both supplies by day, without colours; one day is enough."""
    drawn = plot(told(PLAIN).outcome)
    assert "Supply at the end of each day" in drawn
    assert "before" in drawn
    assert "\x1b" not in drawn
    assert max(map(len, drawn.splitlines())) <= 76
