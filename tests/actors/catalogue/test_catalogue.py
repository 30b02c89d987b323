"""The catalogue in the house: who waits for what, and what is remembered."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
from structlog.testing import capture_logs
from tests.actors.house import CHANNEL, House, house, settings_with

from economy_actors.catalogue.actor import ANSWERS_KEPT_MAX, QUESTIONS_MAX, WORKERS, Catalogue
from economy_actors.catalogue.client import Answer, Question
from economy_actors.handlers.answers import Code, Failed, Refused
from economy_actors.handlers.catalogue import find_item, search_items
from economy_actors.handlers.registry import Call
from economy_actors.messages.catalogue import FindItem, SearchItems
from economy_actors.runtime import AskExpired, AskFailed
from kryten_economy.config import Settings
from kryten_economy.features.catalogue import CatalogueAway, CatalogueItem, NotInCatalogue


@dataclass
class Shop:
    """Answers after a while that the test sets; a token may take its own, or be missing."""

    asked: list[Question] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    takes_s: dict[str, float] = field(default_factory=dict)
    away: bool = False
    broken: bool = False
    most_at_once: int = 0
    closed: int = 0
    _at_once: int = 0

    async def ask(self, question: Question) -> Answer:
        self.asked.append(question)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await anyio.sleep(self.takes_s.get(question.text, 0))
        finally:
            self._at_once -= 1
        if self.broken:
            raise RuntimeError("an answer that nobody has thought of")
        if self.away:
            return CatalogueAway("no answer in time")
        if question.kind == "search":
            return (CatalogueItem("abc", f"About {question.text}", 60),)
        if question.text in self.missing:
            return NotInCatalogue(question.text)
        return CatalogueItem(question.text, f"Film {question.text}", 60)

    async def close(self) -> None:
        self.closed += 1

    @property
    def words(self) -> list[str]:
        return [question.text for question in self.asked]


@dataclass
class Desk:
    home: House
    shop: Shop

    async def find(self, token: str, timeout_s: float = 60) -> Any:
        ref = self.home.context.catalogue
        return await ref.ask(lambda reply: FindItem(token, reply), timeout_s=timeout_s)

    async def search(self, query: str) -> Any:
        ref = self.home.context.catalogue
        return await ref.ask(lambda reply: SearchItems(query, reply), timeout_s=60)

    @property
    def call(self) -> Call:
        return Call(self.home.context, CHANNEL, "alice", "op", None)

    def reload(self, **mediacms: Any) -> None:
        self.home.context.live.swap(settings(**mediacms))

    def metric(self, line: str) -> bool:
        return line in self.home.context.metrics.render().decode().splitlines()


def settings(**mediacms: Any) -> Settings:
    return settings_with(mediacms={"base_url": "https://media.test", **mediacms})


@asynccontextmanager
async def desk(path: Path, **mediacms: Any) -> AsyncIterator[Desk]:
    shop = Shop()
    async with house(
        path / "economy.db",
        settings(**mediacms),
        catalogue=lambda context: Catalogue(context, lambda _: shop),
    ) as home:
        yield Desk(home, shop)
    assert shop.closed, "connections are closed at the end"


async def test_answers_are_kept_for_five_minutes(tmp_path: Path) -> None:
    """Items, searches in any casing, and that there is no such item (`spending.md`)."""
    async with desk(tmp_path) as at:
        at.shop.missing = {"gone"}
        for _ in range(2):
            assert await at.find("abc") == CatalogueItem("abc", "Film abc", 60)
            assert await at.find("gone") == NotInCatalogue("gone")
            assert await at.search("Two  Words ") == await at.search("two words")
            await anyio.sleep(299)
        assert at.shop.words == ["abc", "gone", "two words"]
        at.shop.missing = set()
        await anyio.sleep(1)
        assert await at.find("gone") == CatalogueItem("gone", "Film gone", 60)


async def test_failures_are_not_kept(tmp_path: Path) -> None:
    """The next question may find the catalogue back."""
    async with desk(tmp_path) as at:
        at.shop.away = True
        assert await at.find("abc") == CatalogueAway("no answer in time")
        at.shop.away = False
        assert await at.find("abc") == CatalogueItem("abc", "Film abc", 60)


async def test_a_token_and_a_word_are_two_questions(tmp_path: Path) -> None:
    """An item called like a search is not its result."""
    async with desk(tmp_path) as at:
        assert isinstance(await at.find("abc"), CatalogueItem)
        assert await at.search("abc") == (CatalogueItem("abc", "About abc", 60),)


async def test_only_so_many_answers_are_kept(tmp_path: Path) -> None:
    """The oldest is forgotten first (P-OPS-13)."""
    async with desk(tmp_path) as at:
        for number in range(ANSWERS_KEPT_MAX + 1):
            await at.find(f"t{number}")
        at.shop.asked.clear()
        await at.find("t1")
        assert at.shop.asked == []
        await at.find("t0")
        assert at.shop.words == ["t0"]


async def test_equal_questions_share_one_request(tmp_path: Path) -> None:
    """Everybody who asks while it is under way gets the same answer."""
    async with desk(tmp_path) as at:
        at.shop.takes_s = {"abc": 5}
        found: list[Any] = []

        async def ask() -> None:
            found.append(await at.find("abc"))

        async with anyio.create_task_group() as tasks:
            for _ in range(200):
                tasks.start_soon(ask)
        assert found == [CatalogueItem("abc", "Film abc", 60)] * 200
        assert at.shop.words == ["abc"]


async def test_a_slow_answer_holds_up_no_other(tmp_path: Path) -> None:
    """Nor does it hold up what is known already."""
    async with desk(tmp_path) as at:
        await at.find("known")
        at.shop.takes_s = {"slow": 30}
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(at.find, "slow")
            await anyio.sleep(0.01)
            began_s = anyio.current_time()
            await at.find("known")
            await at.find("quick")
            assert anyio.current_time() - began_s < 1


async def test_only_so_many_requests_at_once(tmp_path: Path) -> None:
    """A server that is slow is not flooded; whoever is next gets their turn."""
    async with desk(tmp_path) as at:
        at.shop.takes_s = {f"t{number}": 1 for number in range(3 * WORKERS)}
        async with anyio.create_task_group() as tasks:
            for number in range(3 * WORKERS):
                tasks.start_soon(at.find, f"t{number}")
        assert len(at.shop.asked) == 3 * WORKERS
        assert at.shop.most_at_once == WORKERS


async def test_more_questions_than_can_be_asked_are_turned_away(tmp_path: Path) -> None:
    """At once, instead of after a long wait; nothing grows without bound."""
    async with desk(tmp_path) as at:
        many = QUESTIONS_MAX + 5
        at.shop.takes_s = {f"t{number}": 10 for number in range(many)}
        answers: list[Any] = []

        async def ask(token: str) -> None:
            answers.append(await at.find(token, timeout_s=1_000))

        async with anyio.create_task_group() as tasks:
            for number in range(many):
                tasks.start_soon(ask, f"t{number}")
            await anyio.sleep(1)
            assert answers == [CatalogueAway("too many questions")] * 5
        assert len(answers) == many


async def test_nobody_is_asked_for_those_who_gave_up(tmp_path: Path) -> None:
    """A question that waited for its turn longer than its asker is dropped."""
    async with desk(tmp_path) as at:
        at.shop.takes_s = {f"t{number}": 10 for number in range(WORKERS)}

        async def in_vain() -> None:
            with pytest.raises(AskExpired):
                await at.find("late", timeout_s=1)

        async with anyio.create_task_group() as tasks:
            for number in range(WORKERS):
                tasks.start_soon(at.find, f"t{number}")
            await anyio.sleep(0.01)
            tasks.start_soon(in_vain)
        await at.home.settle()
        assert "late" not in at.shop.words
        assert await at.find("late") == CatalogueItem("late", "Film late", 60)


async def test_what_breaks_a_worker_costs_its_question_alone(tmp_path: Path) -> None:
    """However often it is asked; the rest of the house does not notice."""
    async with desk(tmp_path) as at:
        at.shop.broken = True
        with capture_logs():
            for number in range(20):
                answer = await at.find(f"t{number}")
                assert answer == CatalogueAway("the answer could not be read")
        at.shop.broken = False
        assert await at.find("t0") == CatalogueItem("t0", "Film t0", 60)
        assert at.metric('economy_errors_total{component="catalogue"} 20.0')
        restarts = {kind: each.restarts for kind, each in at.home.observer.classes.items()}
        assert {kind for kind, count in restarts.items() if count} == {"catalogue_worker"}


async def test_a_stop_waits_for_no_server(tmp_path: Path) -> None:
    """Whoever waited learns at once that there will be no answer."""
    async with desk(tmp_path) as at:
        at.shop.takes_s = {"slow": 1_000}

        async def in_vain() -> None:
            with pytest.raises(AskFailed):
                await at.find("slow", timeout_s=500)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(in_vain)
            await anyio.sleep(0.1)
            began_s = anyio.current_time()
            await at.home.system.stop(9)
            assert anyio.current_time() - began_s < 1


async def test_a_reload_applies_to_the_next_question(tmp_path: Path) -> None:
    """Another server, another token or another number of results asks anew (P-CFG-2)."""
    async with desk(tmp_path) as at:
        await at.search("x")
        for change in (
            {"base_url": "https://other.test/"},
            {"api_token": "abc"},
            {"search_results_limit": 3},
        ):
            before = len(at.shop.asked)
            at.reload(**change)
            await at.search("x")
            await at.search("x")
            assert len(at.shop.asked) == before + 1, change
        at.reload(request_timeout_seconds=4, cache_ttl_seconds=0)
        await at.search("x")
        assert at.shop.asked[-1].timeout_s == 4
        asked = at.shop.asked
        assert [asked[n].base_url for n in (0, 1)] == ["https://media.test", "https://other.test"]
        assert (asked[2].token, asked[3].most) == ("abc", 3)


async def test_cached_answers_end_with_the_time_in_force(tmp_path: Path) -> None:
    """A shorter time after a reload holds for what is kept already."""
    async with desk(tmp_path) as at:
        await at.find("abc")
        await anyio.sleep(20)
        at.reload(cache_ttl_seconds=10)
        await at.find("abc")
        assert at.shop.words == ["abc", "abc"]


async def test_an_outage_is_told_to_operators(tmp_path: Path) -> None:
    """And its end, once; without the words of users."""
    async with desk(tmp_path) as at:
        with capture_logs() as logged:
            at.shop.away = True
            await at.search("private words")
            at.shop.away = False
            await at.search("private words")
            await at.search("other words")
        told = [each for each in logged if "catalogue" in each["event"]]
        assert [each["event"] for each in told] == [
            "the media catalogue gives no answer",
            "the media catalogue answers again",
        ]
        assert told[0]["reason"] == "no answer in time"
        assert "private" not in str(told)


async def test_a_handler_gets_the_item(tmp_path: Path) -> None:
    """Or what to tell: a wrong id is not even asked for."""
    async with desk(tmp_path) as at:
        at.shop.missing = {"gone"}
        assert await find_item(at.call, "abc") == CatalogueItem("abc", "Film abc", 60)
        gone = await find_item(at.call, "gone")
        assert gone == Refused(Code.NOT_FOUND, "The catalogue has no item 'gone'.")
        wrong = await find_item(at.call, "../etc")
        assert isinstance(wrong, Refused)
        assert wrong.code is Code.INVALID_REQUEST
        assert "1 to 64 letters" in wrong.text
        assert at.shop.words == ["abc", "gone"]


async def test_what_has_left_the_catalogue_is_noticed(tmp_path: Path) -> None:
    """Asked for fresh, an item that was found a moment ago is gone; from then on for everybody."""
    async with desk(tmp_path) as at:
        assert isinstance(await find_item(at.call, "abc"), CatalogueItem)
        at.shop.missing = {"abc"}
        assert isinstance(await find_item(at.call, "abc"), CatalogueItem)
        assert isinstance(await find_item(at.call, "abc", fresh=True), Refused)
        assert isinstance(await find_item(at.call, "abc"), Refused)
        assert at.shop.words == ["abc", "abc"]


async def test_a_handler_gets_the_results(tmp_path: Path) -> None:
    """A search without words, or with too many, is not one."""
    async with desk(tmp_path) as at:
        assert await search_items(at.call, "x") == (CatalogueItem("abc", "About x", 60),)
        for query in ("", " \u200b ", "x" * 201):
            answer = await search_items(at.call, query)
            assert isinstance(answer, Refused)
            assert answer.code is Code.INVALID_REQUEST
        assert at.shop.words == ["x"]


async def test_a_handler_is_told_that_the_catalogue_is_away(tmp_path: Path) -> None:
    """Which is another sentence than that it has nothing (P-QUE-6)."""
    async with desk(tmp_path) as at:
        at.shop.away = True
        for answer in (await find_item(at.call, "abc"), await search_items(at.call, "abc")):
            assert isinstance(answer, Failed)
            assert answer.code is Code.UNAVAILABLE
            assert "unavailable right now" in answer.text


async def test_a_handler_waits_for_seconds_only(tmp_path: Path) -> None:
    """What comes later is at hand for the next question."""
    async with desk(tmp_path) as at:
        at.shop.takes_s = {"slow": 4, "abc": 4}
        for ask in (find_item, search_items):
            began_s = anyio.current_time()
            answer = await ask(at.call, "slow")
            assert isinstance(answer, Failed)
            assert "slow to answer" in answer.text
            assert anyio.current_time() - began_s < 3
            await anyio.sleep(3)
            assert not isinstance(await ask(at.call, "slow"), Failed)
        assert at.shop.words == ["slow", "slow"]


async def test_without_a_catalogue(tmp_path: Path) -> None:
    """The shipped placeholder is none, nor is an address that can't be read."""
    async with desk(tmp_path) as at:
        for base_url in ("", "https://media.example.com", "http://["):
            at.reload(base_url=base_url)
            for answer in (await find_item(at.call, "abc"), await search_items(at.call, "abc")):
                assert isinstance(answer, Refused)
                assert answer.code is Code.DISABLED
        assert at.shop.asked == []


async def test_what_was_found_is_at_hand_until_it_is_old_or_of_another_server(
    tmp_path: Path,
) -> None:
    """A command looks an item up without asking, as long as the answer would be the same."""
    async with desk(tmp_path) as at:
        film = CatalogueItem("abc", "Film abc", 60)
        assert await find_item(at.call, "abc") == film
        assert at.home.context.known_items.value.items.keys() == {"abc"}
        await at.home.context.catalogue.ask(
            lambda reply: FindItem("abc", reply, fresh=True), timeout_s=60
        )
        await anyio.sleep(299)
        assert await find_item(at.call, "abc") == film
        assert at.shop.words == ["abc", "abc"]
        await anyio.sleep(1)
        assert await find_item(at.call, "abc") == film
        assert at.shop.words == ["abc"] * 3
        at.reload(base_url="https://other.test")
        assert await find_item(at.call, "abc") == film
        assert at.shop.asked[-1].base_url == "https://other.test"
        at.reload(base_url="https://other.test", api_token="another")
        assert await find_item(at.call, "abc") == film
        assert at.shop.asked[-1].token == "another"


async def test_what_has_left_the_catalogue_is_not_at_hand_any_more(tmp_path: Path) -> None:
    """Who asked anew and found nothing has told everybody."""
    async with desk(tmp_path) as at:
        assert isinstance(await find_item(at.call, "abc"), CatalogueItem)
        at.shop.missing = {"abc"}
        assert isinstance(await find_item(at.call, "abc", fresh=True), Refused)
        assert isinstance(await find_item(at.call, "abc"), Refused)


async def test_only_so_many_items_are_at_hand(tmp_path: Path) -> None:
    """The oldest are forgotten first (P-OPS-13)."""
    async with desk(tmp_path) as at:
        for number in range(ANSWERS_KEPT_MAX + 2):
            await at.find(f"film{number}")
        kept = at.home.context.known_items.value.items
        assert len(kept) == ANSWERS_KEPT_MAX
        assert "film1" not in kept
        assert "film2" in kept
