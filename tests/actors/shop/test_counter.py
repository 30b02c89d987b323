"""`shop` and `buy` sell what other modules have put there."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.actors.house import house

from economy_actors.handlers import shop
from economy_actors.handlers.answers import PmAnswer
from economy_actors.handlers.registry import PmCall
from economy_actors.handlers.shop import Offer, Ware


def _ware(*keys: str) -> Ware:
    async def buy(_call: PmCall, text: str) -> PmAnswer:
        return f"sold {keys[0]} <{text}>"

    return Ware(keys, lambda _call: [Offer(f"{keys[0]}: 5 Z")], buy)


async def _operators_own(_call: PmCall) -> Sequence[Ware]:
    return [_ware("movie night"), _ware("lamp")]


async def test_wares_are_sold_by_their_longest_name_with_the_text_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ware of the service and one that operators define are listed and sold alike."""
    monkeypatch.setattr(shop, "_WARES", [_ware("lamp", "light"), _ware("movie")])
    monkeypatch.setattr(shop, "_PROVIDERS", [_operators_own])
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        [answer] = await h.pm("Alice", "shop")
        assert answer.splitlines()[1:] == [
            "lamp: 5 Z",
            "movie: 5 Z",
            "movie night: 5 Z",
            "lamp: 5 Z",
        ]
        assert await h.pm("Alice", 'buy LIGHT "so  bright"') == ["sold lamp <so  bright>"]
        assert await h.pm("Alice", "buy movie Alien") == ["sold movie <Alien>"]
        assert await h.pm("Alice", "buy Movie  Night now") == ["sold movie night <now>"]
        [answer] = await h.pm("Alice", "buy moon")
        assert answer == "I don't sell 'moon'. PM 'shop' for what there is."
        [answer] = await h.pm("Alice", "buy")
        assert answer.endswith("Usage: buy <item> [text]")


async def test_an_empty_shop_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is left with a list of nothing."""
    monkeypatch.setattr(shop, "_WARES", [])
    monkeypatch.setattr(shop, "_PROVIDERS", [])
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        assert await h.pm("Alice", "shop") == [
            "🛍️ Nothing is for sale in this channel at the moment."
        ]


def test_no_two_wares_share_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second ware of a name is refused where it is registered."""
    monkeypatch.setattr(shop, "_WARES", [])
    shop.sell(_ware("lamp", "light"))
    with pytest.raises(ValueError, match="two wares are called light"):
        shop.sell(_ware("sun", "light"))
