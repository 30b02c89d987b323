"""The managed block of a stylesheet: all of it is made anew, nothing else is touched."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kryten_economy.config.vanity import ChatColor
from kryten_economy.features.colours.stylesheet import (
    CSS_UNITS_MAX,
    Damaged,
    Owner,
    Restyled,
    Terms,
    restyled,
    shown_colour,
)

SETTINGS = ChatColor(protected_users=("Boss",))
TERMS = Terms(SETTINGS, "ZBot")
BEGIN, END, LEGACY = SETTINGS.css_block_begin, SETTINGS.css_block_end, SETTINGS.css_legacy_marker
BOB = Owner("Bob", "#50C878")
HAND_MADE = (
    "body { background: #111 }\n\n\n\n.chat-msg-Bob { font-weight: bold }\n@media x {a{b:c}}"
)


def block(*rules: str) -> str:
    return "\n".join([BEGIN, *rules, END])


def rule(name: str, value: str) -> str:
    return f".chat-msg-{name} {{ color: {value}; }}"


def done(css: str, *owners: Owner, terms: Terms = TERMS) -> Restyled:
    answer = restyled(css, owners, terms)
    assert isinstance(answer, Restyled), answer
    return answer


def text(css: str, *owners: Owner, terms: Terms = TERMS) -> str:
    return done(css, *owners, terms=terms).text


def test_a_block_is_added_at_the_end() -> None:
    """After what was there, as it was, comes an empty line, the block and a final newline."""
    expected = f"{HAND_MADE}\n\n{block(rule('Bob', '#50C878'))}\n"
    assert text(HAND_MADE, BOB) == expected
    assert text(HAND_MADE + "\n \n", BOB) == expected


def test_both_markers_even_around_nothing() -> None:
    """Without any colour the block is empty, and there."""
    assert text("a{b:c}") == f"a{{b:c}}\n\n{BEGIN}\n{END}\n"


def test_users_stand_by_name_without_regard_to_case() -> None:
    """One line for each, in order."""
    owners = [Owner("zoe", "#AAAAAA"), Owner("Al", "#FFD700"), BOB]
    lines = text("a{b:c}", *owners).splitlines()
    assert lines[3:6] == [rule("Al", "#FFD700"), rule("Bob", "#50C878"), rule("zoe", "#AAAAAA")]


def test_a_block_in_the_middle_moves_to_the_end() -> None:
    """What it leaves behind closes up to one empty line; all else stays."""
    css = f"a{{b:c}}\n\n{block(rule('Bob', '#AAAAAA'))}\n\nd{{e:f}}\n\n\n\ng{{h:i}}\n"
    expected = f"a{{b:c}}\n\nd{{e:f}}\n\n\n\ng{{h:i}}\n\n{block(rule('Bob', '#50C878'))}\n"
    assert text(css, BOB) == expected


def test_several_blocks_become_one() -> None:
    """Whatever made them, afterwards both markers stand there once."""
    css = f"{block(rule('Al', '#FFD700'))}\na{{b:c}}\n{block(rule('Zoe', '#AAAAAA'))}"
    after = text(css)
    assert (after.count(BEGIN), after.count(END)) == (1, 1)
    assert rule("Al", "#FFD700") in after
    assert rule("Zoe", "#AAAAAA") in after


@pytest.mark.parametrize(
    "css", [f"a{{}} {BEGIN} x", f"x {END}", f"{END} a{{}} {BEGIN}", f"{BEGIN}{BEGIN}{END}{END}"]
)
def test_markers_in_disorder_are_for_a_person(css: str) -> None:
    """Half a block, as a cut leaves it, is not guessed at."""
    assert restyled(css, [BOB], TERMS) == Damaged()
    assert shown_colour(css, "Bob", TERMS) is None


def test_markers_that_cannot_be_told_apart_do_nothing() -> None:
    """Empty or equal markers in the configuration change no stylesheet."""
    for markers in (("", "x"), ("x", ""), ("x", "x"), ("x", "xy")):
        odd = ChatColor(css_block_begin=markers[0], css_block_end=markers[1])
        assert restyled("a{b:c}", [BOB], Terms(odd, "ZBot")) == Damaged()


def test_colours_that_only_the_stylesheet_knows_stay() -> None:
    """They keep their spelling and value, and hex ones are told to be kept (P-CSS-4)."""
    css = block(rule("Al", "#ffd700"), rule("Zoe", "hsl(1, 2%, 3%)"), rule("Bob", "#111111"))
    answer = done(css, BOB)
    assert rule("Al", "#ffd700") in answer.text
    assert rule("Zoe", "hsl(1, 2%, 3%)") in answer.text
    assert rule("Bob", "#50C878") in answer.text
    assert (dict(answer.found), answer.managed) == ({"Al": "#FFD700"}, 3)


def test_without_import_the_books_alone_count() -> None:
    """Where it is switched off, what the books don't know leaves the block."""
    terms = Terms(ChatColor(import_existing_colors=False), "ZBot")
    answer = done(block(rule("Al", "#FFD700")), BOB, terms=terms)
    assert (answer.text, dict(answer.found)) == (f"{block(rule('Bob', '#50C878'))}\n", {})


def test_legacy_rules_are_taken_in() -> None:
    """One rule behind each marker; a rule without it is somebody's own."""
    css = f"{LEGACY}\n.chat-msg-Al {{color:#FFD700}}\n\n.chat-msg-Al {{ color: red }}\na{{b:c}}"
    expected = "\n\n.chat-msg-Al { color: red }\na{b:c}\n\n" + block(rule("Al", "#FFD700")) + "\n"
    assert text(css) == expected


def test_the_block_wins_over_a_legacy_rule() -> None:
    """The block stands last, so what it says is what people see."""
    css = f"{LEGACY} {rule('Al', '#AAAAAA')}\n{block(rule('al', '#FFD700'))}"
    assert dict(done(css).found) == {"al": "#FFD700"}


def test_a_marker_with_something_else_behind_it_stays() -> None:
    """Only a plain colour is taken; more than that somebody has written."""
    css = f"{LEGACY}\nbody {{ color: red }}\n{LEGACY} .chat-msg-Al {{ color: red; margin: 0 }}"
    assert text(css) == f"{css}\n\n{BEGIN}\n{END}\n"


def test_protected_users_are_moved_out_as_they_are() -> None:
    """A rule of theirs inside the block or behind the marker becomes a plain one (P-CSS-3)."""
    boss = ".chat-msg-boss{color:red;text-shadow:0 0 1px #000}"
    bot = ".chat-msg-ZBot { color : gold }"
    css = f"a{{b:c}}\n{LEGACY}\n{bot}\n\n{block(boss, rule('Al', '#FFD700'))}"
    after = text(css)
    assert after == f"a{{b:c}}\n{bot}\n{boss}\n\n{block(rule('Al', '#FFD700'))}\n"
    assert text(after) == after


def test_protected_users_are_never_written() -> None:
    """Also where the books know a colour of theirs from before."""
    assert text("a{b:c}", Owner("BOSS", "#FFD700"), Owner("zbot", "#FFD700")) == text("a{b:c}")


def test_what_a_person_wrote_into_the_block_moves_out() -> None:
    """Their rules and comments are kept, before the block."""
    css = f"a{{b:c}}\n{block('/* mine */', '@media x { d { e: f } }', rule('Bob', '#AAAAAA'))}"
    kept = "a{b:c}\n/* mine */\n@media x { d { e: f } }"
    assert text(css, BOB) == f"{kept}\n\n{block(rule('Bob', '#50C878'))}\n"


def test_how_a_name_is_spelled() -> None:
    """As the user is called now, as the books spell it, as the stylesheet does, in this order."""
    css = block(rule("DrZoid", "#AAAAAA"))
    for owner, spelled in (
        (Owner("drzoid", "#FFD700"), "DrZoid"),
        (Owner("DRZOID", "#FFD700"), "DRZOID"),
        (Owner("DRZOID", "#FFD700", "drZoid"), "drZoid"),
        (Owner("drzoid", "#FFD700", "drzoid"), "drzoid"),
    ):
        assert text(css, owner) == f"{block(rule(spelled, '#FFD700'))}\n"
    assert text("", Owner("drzoid", "#FFD700")) == f"{block(rule('drzoid', '#FFD700'))}\n"


@pytest.mark.parametrize("name", ["a b", "x{}", "a,body", "é", "", "a" * 31, "a*/"])
def test_unsafe_names_never_become_selectors(name: str) -> None:
    """A name can't bring rules of its own along (P-CSS-7)."""
    assert text("a{b:c}", Owner(name, "#FFD700")) == text("a{b:c}")


@pytest.mark.parametrize("value", ["red;x:y", "url('x')", "#FFF}body{x:y", "#FFFFF", "red"])
def test_only_hex_is_written_from_the_books(value: str) -> None:
    """Whatever got into the books, the stylesheet gets six digits or nothing."""
    assert text("a{b:c}", Owner("Bob", value)) == text("a{b:c}")


def test_unsafe_values_leave_the_block() -> None:
    """A value with quotes or colons in it is not written again."""
    assert text(block(rule("Al", "url('x')"))) == f"{BEGIN}\n{END}\n"


def test_a_colour_nobody_paid_for_is_not_taken_over() -> None:
    """What was given back is gone with the next change; another colour of that name stays."""
    css = block(rule("Al", "#FFD700"), rule("Bob", "#AAAAAA"))
    answer = restyled(css, [], TERMS, disowned={("al", "#FFD700"), ("bob", "#FFD700")})
    assert isinstance(answer, Restyled)
    assert answer.text == f"{block(rule('Bob', '#AAAAAA'))}\n"


def test_the_limit_counts_as_the_server_does() -> None:
    """In units of UTF-16, of which an emoji takes two."""
    room = CSS_UNITS_MAX - len(text("a", BOB)) + 1
    assert not done("a" * room, BOB).too_long
    assert done("a" * (room + 1), BOB).too_long
    assert done("a" * (room - 1) + "💰", BOB).too_long


def test_nothing_to_change() -> None:
    """A stylesheet that says it all already is known as such, whatever surrounds it."""
    after = text(HAND_MADE, BOB)
    assert not done(after, BOB).changed
    assert not done(f"{after}\n\n", BOB).changed
    assert done(after, Owner("Bob", "#AAAAAA")).changed


def test_what_is_shown_for_somebody() -> None:
    """By name in any case; a rule outside of the block does not count."""
    css = f"{rule('Al', '#FFD700')}\n{block(rule('Bob', '#50c878'), rule('Zoe', 'red'))}"
    assert shown_colour(css, "bOB", TERMS) == "#50C878"
    assert shown_colour(css, "Al", TERMS) is None
    assert shown_colour(css, "Zoe", TERMS) is None


def test_a_template_may_name_the_user_twice() -> None:
    """It is read back as it is written, and only if both names agree."""
    settings = ChatColor(css_selector_template=".m-{username} .n-{username}")
    terms = Terms(settings, "ZBot")
    after = text("a{b:c}", BOB, terms=terms)
    assert ".m-Bob .n-Bob { color: #50C878; }" in after
    assert shown_colour(after, "Bob", terms) == "#50C878"
    assert shown_colour(after.replace(".n-Bob", ".n-Al"), "Bob", terms) is None


# Whatever there is

names = st.from_regex(r"\A[A-Za-z0-9_-]{1,20}\Z")
colours = st.integers(0, 0xFFFFFF).map("#{:06X}".format)
owners = st.lists(
    st.builds(Owner, names, colours), max_size=5, unique_by=lambda o: o.display_name.lower()
)
pieces = st.one_of(
    st.text("ab{};/*\n\r\t .:#é💰", max_size=12),
    st.sampled_from([BEGIN, END, LEGACY, "\n\n\n", "/*", "*/", "{", "}", "@import 'x';"]),
    st.builds(
        rule, names, st.one_of(colours, st.sampled_from(["red", "url('x')", "#fff !important"]))
    ),
    st.sampled_from([rule("Boss", "red"), rule("zbot", "#FFFFFF"), ".chat-msg-Al{color:red;x:y}"]),
)
stylesheets = st.lists(pieces, max_size=12).map("".join)


@given(stylesheets, owners)
def test_anything_outside_is_byte_identical(css: str, who: list[Owner]) -> None:
    """Without markers in it a stylesheet is the beginning of the new one, byte by byte."""
    assume(BEGIN not in css and END not in css and LEGACY not in css)
    after = text(css, *who)
    written = after[after.index(BEGIN) :]
    assert after.removesuffix(written).rstrip() == css.rstrip()
    again = text(after, Owner("Somebody", "#FFD700"))
    assert again[: again.index(BEGIN)] == after[: after.index(BEGIN)]


@given(stylesheets, owners)
def test_twice_is_once(css: str, who: list[Owner]) -> None:
    """Any stylesheet at all: both markers once, and doing it again changes nothing."""
    answer = restyled(css, who, TERMS)
    assume(not isinstance(answer, Damaged))
    assert isinstance(answer, Restyled)
    assert (answer.text.count(BEGIN), answer.text.count(END)) == (1, 1)
    again = done(answer.text, *who)
    assert (again.text, again.changed) == (answer.text, False)


@given(stylesheets, stylesheets, owners, owners)
def test_a_block_between_hand_made_parts(
    before: str, behind: str, old: list[Owner], new: list[Owner]
) -> None:
    """Both parts stay but for the newlines where the block was."""
    plain = before + behind
    assume(BEGIN not in plain and END not in plain and LEGACY not in plain)
    css = before + block(*(rule(each.display_name, each.colour) for each in old)) + behind
    assume(css.count(BEGIN) == css.count(END) == 1)
    protected = TERMS.protected
    assume(all(each.display_name.lower() not in protected for each in old))
    after = text(css, *new)
    outside = after[: after.index(BEGIN)]
    assert outside.replace("\n", "").rstrip() == plain.replace("\n", "").rstrip()
