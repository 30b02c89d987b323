"""Every text of ours goes through the channel's filters, and arrives as it was meant."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from fractions import Fraction
from functools import partial
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.actors.house import settings_with
from tests.unit.outbox.helpers import UNPACED, OutboxDriver
from tests.unit.text.cytube_filters import filtered

from economy_actors.outbox.message import Line, LineKind, Medium, Outgoing, Pm, Priority
from economy_sandbox.filters import chat_line, pm_line, to_html
from kryten_economy import features
from kryten_economy.config import Settings
from kryten_economy.config.race import Commentary
from kryten_economy.dice import Chance, Dice
from kryten_economy.features.audit.rules import Entry
from kryten_economy.features.games.blackjack.rules import DECK, Hand
from kryten_economy.features.games.race.rules import FIXED, POOL, Course, Runner
from kryten_economy.features.games.race.texts import Bet, Pools, pools_of
from kryten_economy.features.games.race.texts import Outcome as RaceOutcome
from kryten_economy.features.history.rules import Movement
from kryten_economy.features.shop.rules import Item
from kryten_economy.text.markup import public_line, typed_text, unformatted, units, user_text
from kryten_economy.transaction_types import TYPES

SETTINGS = settings_with()
_MARKED = ("a_b_c", "_x_", "*x*", "**", "~~", "~~no~~", "`", "`y`", "[sp]z[/sp]", "snake_case")
_LINKS = ("https://x.test/a_b_c", '"https://x.test/y".', "(https://x.test/A_(b))")
_WORDS = st.sampled_from([*_MARKED, *_LINKS, "<3", "Bob", "presence.x"])
_NAMES = st.lists(_WORDS, min_size=1, max_size=4).map(" ".join)
_COUNTS = st.integers(1, 10**9)
_COLORS = ("a_b_c", "*x*", "snake_case `y`")
"""Those of the racers; bets are on one of them."""
_TAG = re.compile(r"</?(\w+)")


def _in_color(color: str, runner: Runner) -> Runner:
    return runner._replace(color=color)


def _pools(own: list[str]) -> Pools:
    return pools_of(Commentary(custom_start_lines=own, custom_finish_lines=own))


def _fields(kind: Any) -> st.SearchStrategy[Any]:
    hints = {name: hint for name, hint in get_type_hints(kind).items() if name != "return"}
    values = {name: _values(hint) for name, hint in hints.items()}
    if kind is Movement:
        values |= {"type": st.sampled_from(sorted(TYPES)), "metadata": st.none()}
    if kind is Entry:
        states = st.sampled_from(
            [None, '{"balance": 5}', '{"ban": {"name": "a_b_c"}, "rank": null}']
        )
        values |= {"before": states, "after": states}
    if kind is Hand:
        cards = st.lists(st.sampled_from(DECK), min_size=1, max_size=6).map(tuple)
        values |= {"player": cards, "dealer": cards, "end": st.sampled_from(["bust", "push"])}
    if kind is Item:
        values["multiplier"] = st.sampled_from(["2", "1.5"])
    if kind is Runner:
        values["chance"] = st.sampled_from(["0.5", "1/3"])
    if kind is Course:
        runners = [_fields(Runner).map(partial(_in_color, color)) for color in _COLORS]
        values |= {"runners": st.tuples(*runners), "mode": st.sampled_from([POOL, FIXED])}
    if kind in {Bet, RaceOutcome}:
        values["color"] = st.sampled_from(_COLORS)
    if hints.get("pools") == Pools:
        values["pools"] = st.lists(_NAMES, max_size=2).map(_pools)
    if "way" in values:
        values["way"] = st.tuples(*[_values(float)] * len(_COLORS))
    if "category" in values:
        values["category"] = st.just("rich")
    if "max_units" in values:
        values["max_units"] = st.integers(100, 320)
    return st.builds(kind, **values)


_SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    str: _NAMES,
    int: _COUNTS,
    float: st.sampled_from([0.5, 1.0, 18.0]),
    bool: st.booleans(),
    object: _NAMES,
    NoneType: st.none(),
    Fraction: st.sampled_from([Fraction(2), Fraction(3, 2)]),
    Chance: _COUNTS.map(Dice),
    Settings: st.just(SETTINGS),
    ZoneInfo: st.just(ZoneInfo("UTC")),
}


def _values(hint: Any) -> st.SearchStrategy[Any]:  # noqa: PLR0911 - one for each kind of hint
    """What a parameter of this type may be, with marks in every name."""
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if inspect.isclass(hint):
        return st.sampled_from(hint) if issubclass(hint, Enum) else _fields(hint)
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    origin, arguments = get_origin(hint), [_values(each) for each in get_args(hint) if each != ...]
    if origin in {Union, UnionType}:
        return st.one_of(arguments)
    if origin is Mapping:
        return st.dictionaries(*arguments, max_size=3)
    if origin is tuple and ... not in get_args(hint):
        return st.tuples(*arguments)
    return st.lists(*arguments, min_size=1, max_size=4).map(tuple)


def _modules() -> Iterator[str]:
    yield "kryten_economy.commands.refusals"
    for found in pkgutil.walk_packages(features.__path__, f"{features.__name__}."):
        if found.name.endswith(".texts"):
            yield found.name


def _texts() -> Iterator[Callable[..., str]]:
    for name in _modules():
        module = importlib.import_module(name)
        for shown, function in inspect.getmembers(module, inspect.isfunction):
            if shown.startswith("_") or function.__module__ != name:
                continue
            if get_type_hints(function)["return"] is str:
                yield function


TEXTS = list(_texts())


def _sent(message: Outgoing) -> list[str]:
    driver = OutboxDriver(pace=UNPACED)
    assert driver.outbox.offer(message, driver.now_s) is None
    return driver.run(60.0)


def _bare(text: str) -> str:
    return "".join(text.split())


def _assert_arrives(texts: Sequence[str], html: Sequence[str], meant: str) -> None:
    assert {tag for each in html for tag in _TAG.findall(each)} <= {"a"}
    assert _bare("".join(map(typed_text, html))) == _bare(meant)
    assert all(units(text) <= 240 for text in texts)


def test_there_are_texts() -> None:
    """The search below finds the texts of every feature."""
    assert len(TEXTS) > 70


@pytest.mark.parametrize("text", TEXTS, ids=lambda each: f"{each.__module__}.{each.__name__}")
@given(data=st.data())
@settings(max_examples=10)
def test_every_text_arrives_as_it_was_meant(text: Callable[..., str], data: st.DataObject) -> None:
    """Names with underscores, stars, backticks and tildes arrive without a tag, in PM and chat."""
    meant = data.draw(_fields(text))
    if meant.strip():
        private = _sent(Pm("Bob", meant))
        _assert_arrives(private, [pm_line(each).html for each in private], meant)
        _assert_arrives(private, [filtered(each) for each in private], meant)
        public = _sent(Line(meant, LineKind.ADMIN))
        lines = [line for each in public if (line := chat_line(each)) is not None]
        # Each part may be guarded, so that none is taken for a command.
        shown = user_text(meant)
        if len(public) == 1:
            shown = public_line(shown)
            _assert_arrives(public, [line.html for line in lines], shown)


_PIECES = st.sampled_from(
    [*"ab_*`~ \"'.,()[]/:\n<>&", "https://", "x.test/", "[sp]", "[/sp]", "~~", "_b_", "”", "…"]
)


@given(meant=st.lists(_PIECES, max_size=25).map("".join))
@settings(max_examples=500)
def test_any_text_arrives_as_it_was_meant(meant: str) -> None:
    """The filters find nothing to do, it reads as it was meant, and twice is as good as once."""
    written = unformatted(meant)
    for html in (to_html(written), filtered(written)):
        assert set(_TAG.findall(html)) <= {"a"}
        assert typed_text(html) == meant
    assert unformatted(written) == written


@pytest.mark.parametrize("text", ["tip @Dr_Who 10", "a * b", "https://x.test/a_b_c", "~ 5 `"])
def test_what_no_filter_would_touch_stays(text: str) -> None:
    """A text in which nothing is formatted is sent exactly as it is."""
    assert unformatted(text) == text


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ('queued "https://x.test/film" for you', "https://x.test/film"),
        ("see https://x.test/film.", "https://x.test/film"),
        ("(https://x.test/film)", "https://x.test/film"),
        ("https://x.test/A_(b), 3 Z", "https://x.test/A_(b)"),
        ("“https://x.test/film”: liked", "https://x.test/film"),
    ],
)
def test_a_quoted_link_ends_before_its_quote(text: str, link: str) -> None:
    """What stands behind an address is no part of it."""
    html = to_html(unformatted(text))
    assert f'<a href="{link}" ' in html
    assert f">{link}</a>" in html


def test_a_name_from_one_of_our_messages_works_in_a_command() -> None:
    """What is copied from a message with marks is read as the name that was meant."""
    (shown,) = _sent(Pm("Bob", "Tipped Dr_Z_oid and a_b_c."))
    assert typed_text(shown.replace("Tipped ", "tip @")) == "tip @Dr_Z_oid and a_b_c."


def test_the_quiet_hint_is_never_a_message_of_its_own() -> None:
    """Where it has no room it is left out."""
    (alone,) = _sent(Pm("Bob", "x" * 230, Priority.BULK, mutable=True))
    assert alone == "x" * 230
    (with_hint,) = _sent(Pm("Bob", "Rain!", Priority.BULK, mutable=True))
    assert "'quiet'" in with_hint


def test_a_short_rest_is_no_message_of_its_own() -> None:
    """Two parts share the lines instead of a full one and "Discount: 18%"."""
    lines = [f"{'perk ' * 7}{number}" for number in range(7)]
    first, second = _sent(Pm("Bob", "\n".join([*lines, "Discount: 18%"])))
    assert len(second) >= 60
    assert _bare(first + second) == _bare("".join(lines) + "Discount: 18%")


def test_the_filtered_echo_proves_a_text_with_marks() -> None:
    """What comes back through the filters is known as what was sent, and by its own text only."""
    driver = OutboxDriver(pace=UNPACED, echoing=False)
    texts = [
        "why a_b_c: *x* ~~y~~ `z`",
        'why a_b_d: "https://x.test/a_b".',
        "why a_b_e: [sp]q[/sp]",
    ]
    for text in texts:
        driver.pm("Bob", text)
    sent = driver.run()
    for text in reversed(sent):
        assert driver.outbox.echoed(Medium.PM, "Bob", typed_text(to_html(text)), driver.now_s)
    assert driver.outbox.unproven == 0
