"""Texts that can be bought, and what people read about prices and fortunes."""

from fractions import Fraction

import pytest

from kryten_economy.features.prices import price, price_tag
from kryten_economy.features.vanity import texts
from kryten_economy.features.vanity.rules import (
    FORTUNES,
    BadText,
    checked,
    checked_currency_name,
    checked_gif,
    fortune_of,
    with_title,
)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("  Hello \t there\n ", "Hello there"),
        ("a\u200bb\x07", "ab"),
        ("x" * 200, "x" * 200),
        ("🎬" * 200, "🎬" * 200),
    ],
)
def test_a_text_is_one_visible_line_before_it_is_measured(raw: str, text: str) -> None:
    """Line breaks and the invisible are gone; characters are counted after that."""
    assert checked(raw, "A greeting", 200) == text


@pytest.mark.parametrize("raw", ["", " \n ", "\u200b", "x" * 201])
def test_a_text_that_is_empty_or_too_long_is_none(raw: str) -> None:
    """The sentence names the limit."""
    found = checked(raw, "A greeting", 200)
    assert isinstance(found, BadText)
    assert "200 characters" in found.text


@pytest.mark.parametrize(
    ("raw", "fine"),
    [
        ("https://x.test/a.gif", True),
        ("HTTP://x.test/a_b.gif?c=d&e", True),
        ("https://", False),
        ("javascript:alert(1)", False),
        ("https://x.test/a b.gif", False),
        ("https://x.test/\u200ba.gif", False),
        ("https://x.test/" + "x" * 485, True),
        ("https://x.test/" + "x" * 486, False),
        ("", False),
    ],
)
def test_the_address_of_a_gif(raw: str, *, fine: bool) -> None:
    """Only the web's own schemes, without spaces, 500 characters at most."""
    assert isinstance(checked_gif(raw), BadText) is not fine


@pytest.mark.parametrize(
    ("raw", "fine"),
    [
        ("Gold-Bits", True),
        ("Größe' _1", True),
        (" ", False),
        ("a*b", False),
        ("<b>", False),
        ("x" * 30, True),
        ("x" * 31, False),
    ],
)
def test_a_name_for_the_money(raw: str, *, fine: bool) -> None:
    """Letters, digits, spaces, hyphens, underscores and apostrophes, 30 at most."""
    assert isinstance(checked_currency_name(raw), BadText) is not fine


def test_a_fortune_depends_on_user_and_day_alone() -> None:
    """Asking again changes nothing; over many days all are told, none far too often."""
    assert fortune_of("Alice", "2026-11-20") == fortune_of("alice", "2026-11-20")
    assert len(set(FORTUNES)) == len(FORTUNES) >= 30
    told = [fortune_of("alice", f"{year}-{day}") for year in range(10) for day in range(100)]
    assert set(told) == set(FORTUNES)
    assert max(map(told.count, FORTUNES)) < 60


@pytest.mark.parametrize(
    ("factor", "discount", "told"),
    [
        ("1", "0", "100 Z"),
        ("1", "0.1", "90 Z (10% off 100 Z)"),
        ("2", "0", "200 Z (base 100 Z x 2.00)"),
        ("1.5", "0.02", "147 Z (2% off 150 Z, base 100 Z x 1.50)"),
        ("1.001", "0", "100 Z"),
    ],
)
def test_a_price_tells_how_it_came_about(factor: str, discount: str, told: str) -> None:
    """The discount where there is one, the base and factor where that is felt."""
    assert price_tag(price(100, Fraction(factor), Fraction(discount)), "Z") == told


def test_a_title_stands_before_the_name() -> None:
    """Who has none is just named."""
    assert with_title("The Great", "Bob") == "The Great Bob"
    assert with_title(None, "Bob") == "Bob"


def test_a_shoutout_can_not_act_as_a_command() -> None:
    """The prefix stays, whatever the text begins with."""
    for text in ("/kick Bob", "!ban", "$spin"):
        assert texts.shoutout("Bob", text) == f"📢 Bob: {text}"


def test_greetings_are_rendered_each_by_the_template() -> None:
    """Words of a user are never a template; a broken template falls back."""
    owed = [("Al", "Hi {user}"), ("Bob", "Yo")]
    currency = {"symbol": "Z"}
    assert texts.greetings("👋 {greeting}", owed, currency) == "👋 Hi {user} | 👋 Yo"
    assert texts.greetings("{user}: {greeting}", owed[1:], currency) == "Bob: Yo"
    assert texts.greetings("{greeting}!", owed[1:], currency) == "👋 Yo!"


def test_the_shop_names_what_is_owned_without_underscores() -> None:
    """Values are cut, kinds are words of people."""
    told = texts.shop(
        ["lamp | 5 Z | light"], [("personal_currency_name", "x" * 50)], ["force_play"]
    )
    assert told.splitlines() == [
        "🛍️ Shop: PM 'buy <item> <text>'",
        "lamp | 5 Z | light",
        "Yours:",
        f"name for the money: {'x' * 29}…",
        "force play: waits for an operator",
    ]
