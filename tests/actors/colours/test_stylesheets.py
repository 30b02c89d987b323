"""Whatever happens to the stylesheet: nothing outside the block changes or is paid for."""

from pathlib import Path

import anyio
import pytest
from tests.actors.api.helpers import Answer
from tests.actors.colours.cytube import (
    BEGIN,
    HAND_MADE,
    PRICE_Z,
    Page,
    Salon,
    colour_settings,
    rule,
    salon,
)
from tests.actors.house import CHANNEL

from economy_actors.messages.colours import SightLost, StylesheetTold
from kryten_economy.features.colours.operations import ReserveColour
from kryten_economy.users import UserKey

pytestmark = pytest.mark.anyio

FREE = (10_000, 0)
"""What Bob has and has spent when nothing was charged."""


async def test_a_stylesheet_of_19900_characters(tmp_path: Path) -> None:
    """A colour that does not fit below CyTube's limit is refused, and one that fits is sold."""
    page = Page(css="a { b: c }\n" + "/*" + "z" * 19_885 + "*/")
    assert len(page.css) == 19_900
    async with salon(tmp_path, page) as s:
        await s.rich("Bob")
        before = page.css
        code, text = await s.refused("Bob")
        assert (code, text) == (
            "rejected",
            "The channel's CSS has no room left for another colour. Nothing was charged.",
        )
        assert (page.css, page.written, s.owned(), s.spent("Bob")) == (before, [], {}, FREE)
        page.change(before.replace("z" * 100, ""))
        hand_made = page.css
        await s.buy("Bob")
        assert page.css.startswith(f"{hand_made}\n\n{BEGIN}\n")
        assert len(page.css) < 20_000
        assert s.spent("Bob") == (2_500, PRICE_Z)


@pytest.mark.parametrize("stored", [None, "", " \n"])
async def test_an_empty_read_is_never_written_over(tmp_path: Path, stored: str | None) -> None:
    """Nothing read means unavailable: the stylesheet may be there all the same (P-CSS-1)."""
    page = Page(store=lambda: stored)
    async with salon(tmp_path, page) as s:
        await s.rich("Bob")
        code, text = await s.refused("Bob")
        assert code == "unavailable"
        assert "can't be read" in text
        assert "Nothing was charged." in text
        assert (page.css, page.written, s.owned(), s.spent("Bob")) == (HAND_MADE, [], {}, FREE)
        page.store = None
        assert (await s.buy("Bob"))["charged"] == PRICE_Z


async def test_a_channel_that_says_it_has_no_stylesheet(tmp_path: Path) -> None:
    """Also where CyTube itself has told an empty one, nothing is written."""
    page = Page(css="")
    async with salon(tmp_path, page) as s:
        s.house.context.stylesheets[CHANNEL].tell(StylesheetTold(""))
        await s.rich("Bob")
        assert (await s.refused("Bob"))[0] == "unavailable"
        assert (page.written, s.spent("Bob")) == ([], FREE)


async def test_two_stories_are_none(tmp_path: Path) -> None:
    """A store that does not follow what CyTube has told is not trusted; one that follows is."""
    page = Page(store=lambda: "old { }")
    async with salon(tmp_path, page) as s:
        await s.rich("Bob")
        page.change("new { }")
        await s.house.settle()
        assert (await s.refused("Bob"))[0] == "unavailable"
        assert (page.css, page.written, s.spent("Bob")) == ("new { }", [], FREE)
        s.house.context.stylesheets[CHANNEL].tell(SightLost())
        late = iter(["older { }"])
        page.store = lambda: next(late, page.css)
        page.change("newer { }")
        await s.buy("Bob")
        assert page.css.startswith("newer { }\n\n")


async def test_two_buyers_at_once(tmp_path: Path) -> None:
    """One after the other: both colours are shown, each paid once (P-CSS-6)."""
    async with salon(tmp_path) as s:
        await s.rich("Bob", "Eve")
        answers = await _at_once(s, ("Bob", "#FFD700"), ("Eve", "#50C878"))
        assert all(each["success"] for each in answers)
        assert s.page.css.startswith(f"{HAND_MADE}\n\n{BEGIN}\n")
        assert rule("Bob", "#FFD700") in s.page.css
        assert rule("Eve", "#50C878") in s.page.css
        assert s.owned() == {"Bob": "#FFD700", "Eve": "#50C878"}
        assert s.spent("Bob") == s.spent("Eve") == (2_500, PRICE_Z)


async def test_a_crowd_at_once(tmp_path: Path) -> None:
    """Of twelve buyers each has the colour and has paid, or has not and did not."""
    async with salon(tmp_path) as s:
        names = [f"User{n}" for n in range(12)]
        await s.rich(*names)
        answers = await _at_once(s, *((name, f"#FFD7{n:02X}") for n, name in enumerate(names)))
        assert all(each["success"] for each in answers)
        for n, name in enumerate(names):
            assert rule(name, f"#FFD7{n:02X}") in s.page.css
            assert s.spent(name) == (2_500, PRICE_Z)


async def _at_once(s: Salon, *orders: tuple[str, str]) -> list[Answer]:
    answers: list[Answer] = []

    async def order(name: str, value: str) -> None:
        body = {"command": "vanity.set_color", "channel": CHANNEL, "username": name, "value": value}
        answers.append(await s.api.raw(body))

    async with anyio.create_task_group() as tasks:
        for name, value in orders:
            tasks.start_soon(order, name, value)
    return answers


@pytest.mark.parametrize(
    ("rank", "words"), [(2, "takes rank 3"), (-1, "takes rank 3"), (None, "don't know my own rank")]
)
async def test_a_bot_without_the_rank_writes_nothing(
    tmp_path: Path, rank: float | None, words: str
) -> None:
    """CyTube would throw it out: below rank 3, and while its rank is not known."""
    async with salon(tmp_path) as s:
        await s.rich("Bob")
        s.house.context.bot_ranks.clear()
        if rank is not None:
            s.house.context.bot_ranks[CHANNEL] = rank
        code, text = await s.refused("Bob")
        assert code in {"rejected", "unavailable"}
        assert words in text
        assert (s.page.css, s.page.written, s.spent("Bob")) == (HAND_MADE, [], FREE)
        assert [row.type for row in s.api.rows("Bob")] == ["earn"]


async def test_a_rank_that_is_lost_on_the_way(tmp_path: Path) -> None:
    """It is looked at again right before writing."""
    async with salon(tmp_path) as s:
        await s.rich("Bob")

        async def demote() -> None:
            s.house.context.bot_ranks[CHANNEL] = 1

        s.page.on_read = demote
        assert "takes rank 3" in (await s.refused("Bob"))[1]
        assert (s.page.css, s.page.written, s.spent("Bob")) == (HAND_MADE, [], FREE)


async def test_the_robot_is_away(tmp_path: Path) -> None:
    """Nothing is set aside; nor is the store read, which may be old."""
    async with salon(tmp_path) as s:
        await s.rich("Bob")
        s.house.context.robots_away = lambda: (CHANNEL,)
        code, text = await s.refused("Bob")
        assert code == "unavailable"
        assert "The bot is away" in text
        assert (s.page.written, s.spent("Bob")) == ([], FREE)


async def test_the_bus_breaks_before_the_write(tmp_path: Path) -> None:
    """What could not be sent is given back at once."""
    page = Page(reachable=False)
    async with salon(tmp_path, page) as s:
        await s.rich("Bob")
        assert (await s.refused("Bob"))[0] == "unavailable"
        assert (s.owned(), s.spent("Bob")) == ({}, FREE)


async def test_the_owner_changes_it_between_reading_and_writing(tmp_path: Path) -> None:
    """Their change is the ground for ours: both are there, and it was written once."""
    async with salon(tmp_path) as s:
        await s.rich("Bob")

        async def change() -> None:
            s.page.change("#owner { color: pink }")

        s.page.on_read = change
        await s.buy("Bob")
        assert s.page.css.startswith(
            f"#owner {{ color: pink }}\n\n{BEGIN}\n{rule('Bob', '#FFD700')}"
        )
        assert len(s.page.written) == 1


async def test_the_owner_changes_it_while_it_is_written(tmp_path: Path) -> None:
    """What our write has replaced is brought back, with the colour in it."""
    async with salon(tmp_path) as s:
        await s.rich("Bob")

        async def change() -> None:
            s.page.change("#owner { color: pink }")

        s.page.on_write = change
        await s.buy("Bob")
        assert s.page.css.startswith(
            f"#owner {{ color: pink }}\n\n{BEGIN}\n{rule('Bob', '#FFD700')}"
        )
        assert (len(s.page.written), s.spent("Bob")) == (2, (2_500, PRICE_Z))


@pytest.mark.parametrize("slow_s", [0.0, 1.2, 5.0])
async def test_the_answer_comes_in_time(tmp_path: Path, slow_s: float) -> None:
    """However slow the store is, and without proof: within 4 s, and nothing was charged."""
    async with salon(tmp_path) as s:
        await s.rich("Bob")
        s.page.answers = False

        async def be_slow() -> None:
            await anyio.sleep(slow_s)

        s.page.on_read = be_slow
        began_s = anyio.current_time()
        assert (await s.refused("Bob"))[0] == "unavailable"
        assert anyio.current_time() - began_s < 4
        await s.wait(60)
        assert (s.owned(), s.spent("Bob")) == ({}, FREE)


async def test_without_proof_the_money_comes_back(tmp_path: Path) -> None:
    """CyTube never tells the text: within 4 s the buyer knows, unpaid, with the old colour."""
    async with salon(tmp_path) as s:
        await s.rich("Bob", balance_z=20_000)
        await s.buy("Bob", "#50C878")
        s.page.answers = False
        began_s = anyio.current_time()
        code, text = await s.refused("Bob", "#FFD700")
        assert anyio.current_time() - began_s < 4
        assert (code, text) == (
            "unavailable",
            "CyTube has not confirmed the colour. Nothing was charged.",
        )
        assert s.owned() == {"Bob": "#50C878"}
        assert s.spent("Bob") == (12_500, 7_500)
        assert [row.type for row in s.api.rows("Bob")][-2:] == ["spend", "refund"]


async def test_a_colour_that_shows_up_after_all_is_not_kept_for_free(tmp_path: Path) -> None:
    """What was given back leaves the block with the next change."""
    async with salon(tmp_path) as s:
        await s.rich("Bob", "Eve")
        s.page.answers = False
        await s.refused("Bob")
        s.page.answers = True
        s.house.context.stylesheets[CHANNEL].tell(StylesheetTold(s.page.css))
        assert rule("Bob", "#FFD700") in s.page.css
        await s.buy("Eve")
        assert rule("Bob", "#FFD700") not in s.page.css
        assert s.owned() == {"Eve": "#FFD700"}


async def test_a_repetition_of_what_was_given_back(tmp_path: Path) -> None:
    """The same request does not buy it later, unseen; a new one does."""
    async with salon(tmp_path) as s:
        await s.rich("Bob")
        s.page.store = lambda: None
        await s.refused("Bob", request_id="r1")
        s.page.store = None
        assert "please order the colour again" in (await s.refused("Bob", request_id="r1"))[1]
        assert (s.page.written, s.spent("Bob")) == ([], FREE)
        await s.buy("Bob", request_id="r2")


async def test_a_block_that_somebody_has_broken(tmp_path: Path) -> None:
    """Half a block, as CyTube's cut leaves it, is left to a person."""
    page = Page(css=f"{HAND_MADE}\n{BEGIN}\n{rule('Eve', '#50C878')}")
    async with salon(tmp_path, page) as s:
        await s.rich("Bob")
        assert "a moderator has to mend it" in (await s.refused("Bob"))[1]
        assert (page.written, s.spent("Bob")) == ([], FREE)


async def test_what_is_shown_already_is_not_charged(tmp_path: Path) -> None:
    """A colour that only the stylesheet knew is kept in the books, for nothing (P-CSS-5)."""
    page = Page(css=f"{HAND_MADE}\n\n{BEGIN}\n{rule('Bob', '#FFD700')}\n" + _end())
    async with salon(tmp_path, page) as s:
        await s.rich("Bob")
        code, text = await s.refused("Bob")
        assert (code, text) == (
            "rejected",
            "The channel shows that colour for you already. Nothing was charged.",
        )
        assert (page.written, s.spent("Bob")) == ([], FREE)


def _end() -> str:
    return "/* END kryten-economy vanity colors */"


async def test_found_colours_are_taken_over_with_a_purchase(tmp_path: Path) -> None:
    """Those of users with an account; all of them stay in the block (P-CSS-4)."""
    found = "\n".join([BEGIN, rule("Eve", "#50c878"), rule("Ghost", "#AAAAAA"), _end()])
    async with salon(tmp_path, Page(css=f"{HAND_MADE}\n\n{found}")) as s:
        await s.rich("Bob", "eve")
        await s.buy("Bob")
        await s.house.settle()
        assert s.owned() == {"Bob": "#FFD700", "eve": "#50C878"}
        for line in (rule("Eve", "#50c878"), rule("Ghost", "#AAAAAA"), rule("Bob", "#FFD700")):
            assert line in s.page.css


async def test_a_protected_user_keeps_a_rule_of_their_own(tmp_path: Path) -> None:
    """It moves out of the block as it is, and stays there (P-CSS-3)."""
    boss = ".chat-msg-Boss{color:hotpink}"
    page = Page(css=f"{HAND_MADE}\n\n{BEGIN}\n{boss}\n{_end()}")
    async with salon(tmp_path, page, colour_settings(protected_users=["boss"])) as s:
        await s.rich("Bob", "Eve")
        await s.buy("Bob")
        await s.buy("Eve")
        assert page.css.startswith(f"{HAND_MADE}\n{boss}\n\n{BEGIN}\n{rule('Bob', '#FFD700')}\n")


async def _interrupted(path: Path) -> None:
    """A service that is killed after the money was set aside."""
    async with salon(path) as s:
        await s.rich("Bob")
        at = (s.house.now_ms, s.house.context.live.calendar.day(s.house.now_ms))
        bob = UserKey.of(CHANNEL, "Bob")
        await s.house.commit(ReserveColour("api:r1", bob, "#FFD700", PRICE_Z, 0.0, *at))
        assert s.spent("Bob")[0] == 2_500


async def test_killed_after_the_write(tmp_path: Path) -> None:
    """The next service sees the colour: it is paid, stored and told, and the request knows."""
    await _interrupted(tmp_path)
    page = Page(css=f"{HAND_MADE}\n\n{BEGIN}\n{rule('Bob', '#FFD700')}\n{_end()}\n")
    async with salon(tmp_path, page) as s:
        await s.wait(30)
        assert s.owned() == {"Bob": "#FFD700"}
        assert s.spent("Bob") == (2_500, PRICE_Z)
        (told,) = s.house.pms("Bob")
        assert "The purchase that was interrupted is done." in told
        assert (await s.buy("Bob", request_id="r1"))["idempotent_replay"] is True
        assert (page.written, s.spent("Bob")) == ([], (2_500, PRICE_Z))


async def test_killed_before_the_write(tmp_path: Path) -> None:
    """The next service sees no colour: the money is back, and the buyer is told."""
    await _interrupted(tmp_path)
    async with salon(tmp_path) as s:
        await s.wait(30)
        assert (s.owned(), s.spent("Bob")) == ({}, FREE)
        (told,) = s.house.pms("Bob")
        assert "Your colour #FFD700 is not shown: your 7,500 Z came back." in told
        assert s.page.written == []


async def test_killed_and_nobody_can_look(tmp_path: Path) -> None:
    """Until the stylesheet can be read the money waits, and the repetition says so."""
    await _interrupted(tmp_path)
    page = Page(store=lambda: None)
    async with salon(tmp_path, page) as s:
        await s.wait(60)
        assert s.spent("Bob")[0] == 2_500
        assert "The price is set aside" in (await s.refused("Bob", request_id="r1"))[1]
        page.store = None
        await s.wait(30)
        assert s.spent("Bob") == FREE


async def test_operators_make_the_block_anew(tmp_path: Path) -> None:
    """Resyncing takes over what only the stylesheet knows, and restores what was lost from it."""
    async with salon(tmp_path) as s:
        await s.rich("Bob", "Eve")
        await s.buy("Bob")
        s.page.change(f"{HAND_MADE}\n/* ZCoin purchased vanity colors */\n{rule('Eve', '#50C878')}")
        await s.house.settle()
        looked = await s.api.data("vanity.resync_colors", apply=False)
        assert looked == {
            "channel": CHANNEL,
            "imported": 1,
            "total_managed": 2,
            "css_reapplied": False,
        }
        assert rule("Bob", "#FFD700") not in s.page.css
        done = await s.api.data("vanity.resync_colors", admin="boss")
        assert (done["imported"], done["total_managed"], done["css_reapplied"]) == (0, 2, True)
        assert s.page.css.startswith(f"{HAND_MADE}\n\n{BEGIN}\n{rule('Bob', '#FFD700')}\n")
        again = await s.api.data("vanity.resync_colors")
        assert again["css_reapplied"] is False
        assert s.owned() == {"Bob": "#FFD700", "Eve": "#50C878"}


async def test_operators_are_told_what_is_in_the_way(tmp_path: Path) -> None:
    """An unreadable stylesheet is left alone, and the answer says what to do."""
    async with salon(tmp_path, Page(store=lambda: "")) as s:
        code, text = await s.api.refused("vanity.resync_colors")
        assert code == "unavailable"
        assert "a comment will do" in text
        assert s.page.written == []
