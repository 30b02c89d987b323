"""How PM lines and amounts are read."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kryten_economy.commands.grammar import (
    AMOUNT_Z_MAX,
    AmountFault,
    BadAmount,
    Parsed,
    amount,
    count,
    parse,
    unquoted,
)


@pytest.mark.parametrize(
    ("line", "word", "args"),
    [
        ("balance", "balance", ()),
        ("  BALANCE  ", "balance", ()),
        ("!balance", "balance", ()),
        ("/Tip @Bob  10", "tip", ("@Bob", "10")),
        ("! balance", "balance", ()),
        ("!!balance", "!balance", ()),
        ("line one\nline two", "line", ("one", "line", "two")),
        ("/me balance", "me", ("balance",)),
    ],
)
def test_words_and_arguments(line: str, word: str, args: tuple[str, ...]) -> None:
    """The first word in lower case is the command; one sign in front of it is dropped."""
    parsed = parse(line)
    assert parsed is not None
    assert (parsed.word, parsed.args) == (word, args)


@pytest.mark.parametrize("line", ["", "   ", "\n", "!", "/ "])
def test_nothing_is_no_command(line: str) -> None:
    """Blank PMs, which CyTube lets through, are not commands."""
    assert parse(line) is None


@given(st.text(max_size=60))
def test_every_line_can_be_read(line: str) -> None:
    """Any text parses to a word without white space or to nothing."""
    parsed = parse(line)
    assert parsed is None or (parsed.word and parsed.word.split() == [parsed.word])


def test_free_text_keeps_inner_spaces() -> None:
    """The text behind the arguments is as typed, less one pair of quotes around it."""
    parsed = parse('bounty  100   "first  to say hi" ')
    assert parsed is not None
    assert parsed.text(1) == "first  to say hi"
    assert parsed.text() == '100   "first  to say hi"'
    assert parsed.text(9) == ""
    assert Parsed("announce", (), "").text() == ""


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ('"hi"', "hi"),
        ("'hi'", "hi"),
        ("“hi there”", "hi there"),
        ('"a" or "b"', '"a" or "b"'),
        ("\"hi'", "\"hi'"),
        ('"', '"'),
        ('""', ""),
        ('""hi""', '""hi""'),
        ("plain", "plain"),
        ('say "hi"', 'say "hi"'),
    ],
)
def test_one_pair_of_matching_quotes_goes(text: str, bare: str) -> None:
    """Quotes are removed only where they enclose the whole text."""
    assert unquoted(text) == bare


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("007", 7),
        ("1000", 1000),
        ("1,000", 1000),
        ("1_000_000", 1_000_000),
        ("999,999", 999_999),
        ("1000000000000000", AMOUNT_Z_MAX),
        ("5k", 5_000),
        ("5K", 5_000),
        ("1.5k", 1_500),
        ("1.234k", 1_234),
        ("1.2300000k", 1_230),
        ("0.5k", 500),
        ("1m", 1_000_000),
        ("0.000001m", 1),
        ("1,000k", 1_000_000),
        ("1000000000m", AMOUNT_Z_MAX),
    ],
)
def test_amounts(text: str, value: int) -> None:
    """Whole numbers are read, with separators between groups of three."""
    assert amount(text) == value


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", AmountFault.MISSING),
        ("-5", AmountFault.SIGNED),
        ("+5", AmountFault.SIGNED),
        ("−5", AmountFault.SIGNED),
        ("0", AmountFault.TOO_SMALL),
        ("000", AmountFault.TOO_SMALL),
        ("1.5", AmountFault.FRACTION),
        ("-1.5", AmountFault.FRACTION),
        (".5", AmountFault.FRACTION),
        ("1_0", AmountFault.GROUPING),
        ("1,00", AmountFault.GROUPING),
        ("1000,000", AmountFault.GROUPING),
        ("1,000_000", AmountFault.GROUPING),
        ("1,", AmountFault.GROUPING),
        ("1e9", AmountFault.NOT_A_NUMBER),
        ("NaN", AmountFault.NOT_A_NUMBER),
        ("inf", AmountFault.NOT_A_NUMBER),
        ("0x10", AmountFault.NOT_A_NUMBER),
        ("all", AmountFault.NO_SHARE),
        ("Half", AmountFault.NO_SHARE),
        ("50%", AmountFault.NO_SHARE),
        ("0%", AmountFault.TOO_SMALL),
        ("101%", AmountFault.ABOVE_ALL),
        ("-50%", AmountFault.SIGNED),
        ("%", AmountFault.NOT_A_NUMBER),
        ("1.2345k", AmountFault.PARTS),
        ("0.0001k", AmountFault.PARTS),
        ("0k", AmountFault.TOO_SMALL),
        ("-5k", AmountFault.SIGNED),
        ("+1.5m", AmountFault.SIGNED),
        ("k", AmountFault.NOT_A_NUMBER),
        (".5k", AmountFault.NOT_A_NUMBER),
        ("1.k", AmountFault.NOT_A_NUMBER),
        ("1,00k", AmountFault.NOT_A_NUMBER),
        ("5kk", AmountFault.NOT_A_NUMBER),
        ("5b", AmountFault.NOT_A_NUMBER),
        ("５k", AmountFault.FOREIGN_DIGITS),
        ("1000000001m", AmountFault.TOO_LARGE),
        ("9" * 10_000 + "k", AmountFault.TOO_LARGE),
        ("５０", AmountFault.FOREIGN_DIGITS),
        ("٥٠", AmountFault.FOREIGN_DIGITS),
        ("5²", AmountFault.FOREIGN_DIGITS),
        ("99999999999999999999", AmountFault.TOO_LARGE),
        ("1000000000000001", AmountFault.TOO_LARGE),
        ("9" * 10_000, AmountFault.TOO_LARGE),
        ("5\n", AmountFault.NOT_A_NUMBER),
    ],
)
def test_refused_amounts_say_why(text: str, fault: AmountFault) -> None:
    """Signs, fractions, powers, foreign digits, odd groups and endless numbers are refused."""
    assert amount(text) == BadAmount(fault)


@given(st.integers(1, AMOUNT_Z_MAX), st.sampled_from([("k", 3), ("m", 6)]))
def test_thousands_and_millions_are_exact(amount_z: int, unit: tuple[str, int]) -> None:
    """Every whole amount can be written with a unit, to the last Z."""
    letter, places = unit
    digits = str(amount_z).rjust(places + 1, "0")
    assert amount(f"{digits[:-places]}.{digits[-places:]}{letter}") == amount_z


@given(st.integers(0, AMOUNT_Z_MAX), st.decimals("0.000001", 100, places=6))
def test_shares_never_exceed_the_balance(balance_z: int, percent: Decimal) -> None:
    """A share is rounded down, and one of less than 1 Z is refused."""
    share = amount(f"{percent:f}%", of_z=balance_z)
    exact = Fraction(balance_z) * Fraction(percent) / 100
    if exact < 1:
        assert share == BadAmount(AmountFault.NOTHING)
    else:
        assert isinstance(share, int)
        assert exact - 1 < share <= exact


@given(st.integers(2, AMOUNT_Z_MAX))
def test_half_and_all(balance_z: int) -> None:
    """The words say what they say, in any casing."""
    assert amount("ALL", of_z=balance_z) == amount("100%", of_z=balance_z) == balance_z
    assert amount("half", of_z=balance_z) == amount("50%", of_z=balance_z) == balance_z // 2


@given(st.text("0123456789.,_km%+-halfe ", max_size=12), st.integers(0, 10**16))
def test_whatever_is_typed_is_an_amount_within_bounds_or_refused(text: str, balance_z: int) -> None:
    """No text makes an amount of nothing, of parts, or beyond the largest."""
    read = amount(text, of_z=balance_z)
    assert isinstance(read, BadAmount) or (type(read) is int and 1 <= read <= AMOUNT_Z_MAX)


def test_zero_where_it_is_allowed() -> None:
    """A balance may be set to nothing."""
    assert amount("0", lowest=0) == 0
    assert amount("0k", lowest=0) == 0
    assert amount("-0", lowest=0) == BadAmount(AmountFault.SIGNED)


@given(st.integers(1, AMOUNT_Z_MAX))
def test_written_amounts_are_read_back(value: int) -> None:
    """However the separators are set, the amount is the same."""
    assert amount(f"{value}") == amount(f"{value:,}") == amount(f"{value:_}") == value


@given(st.text(max_size=30))
def test_an_amount_is_in_range_or_refused(text: str) -> None:
    """No text gives an amount outside the allowed range."""
    match amount(text):
        case int(value):
            assert 1 <= value <= AMOUNT_Z_MAX
            assert text.isascii()
        case BadAmount(reason):
            assert reason


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (None, 10),
        ("", 10),
        ("five", 10),
        ("-5", None),
        ("２", None),
        ("2.5", None),
        ("0", 1),
        ("7", 7),
        ("25", 25),
        ("26", 25),
        ("9" * 5000, 25),
        ("1,000", 25),
    ],
)
def test_history_count(text: str | None, lines: int | None) -> None:
    """`history [n]`: 10 without a number, otherwise 1 to 25 (`spending.md` 11)."""
    assert count(text, default=10, low=1, high=25) == lines
