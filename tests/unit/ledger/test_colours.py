"""A chat colour in the books: paid once it is shown, and given back if it is not."""

from tests.unit.ledger.acts import CHANNEL, DAY, NEXT_DAY, NOW, ask, earn, key, look, told

from kryten_economy.features.bans import Ban
from kryten_economy.features.colours.operations import (
    CHAT_COLOUR,
    WAITS_MS,
    ColourReserved,
    ColourSettled,
    ColoursKept,
    KeepFoundColours,
    ReserveColour,
    SettleColour,
    open_colours,
    purchase_of,
)
from kryten_economy.features.possessions import owned_by_all, owned_by_user
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.expiry import ExpireHolds, ReleaseOrphans, resumes
from kryten_economy.refusals import (
    AlreadyOwned,
    AlreadySettled,
    Banned,
    Insufficient,
    NoAccount,
    NoHold,
)

GOLD, GREEN = "#FFD700", "#50C878"


def reserve(op_id: str = "r", colour: str = GOLD, price_z: int = 30) -> ReserveColour:
    return ReserveColour(op_id, key("Bob"), colour, price_z, 0.1, NOW, DAY)


def settle(shown: bool, op_id: str = "s", of: str = "r", day: str = DAY) -> SettleColour:
    return SettleColour(op_id, f"colour:{of}", shown, NOW + 1, day)


def owned(reports: Reports, name: str = "Bob") -> dict[str, str]:
    return {each.type: each.value for each in owned_by_user(reports, key(name))}


def test_what_is_shown_is_paid_and_owned(books: Books, reports: Reports) -> None:
    """The price is set aside first, and taken together with storing the colour."""
    ask(books, earn("Bob", 50))
    assert told(books, reserve(), ColourReserved).wallet.balance_z == 20
    assert owned(reports) == {}
    settled = told(books, settle(True), ColourSettled)
    assert (settled.shown, settled.colour, settled.amount_z) == (True, GOLD, 30)
    assert owned(reports) == {CHAT_COLOUR: GOLD}
    wallet = look(books, "Bob")
    assert (wallet.balance_z, wallet.lifetime_spent_z) == (20, 30)


def test_only_a_colour_that_is_shown_counts_as_a_purchase(books: Books, reports: Reports) -> None:
    """What came back is no purchase, and settling twice counts nothing more."""
    ask(books, earn("Bob", 90))
    books.commit([reserve("a"), settle(False, "b", "a")])
    assert reports.counters().get("vanity_purchases_total", 0) == 0
    books.commit([reserve("c"), settle(True, "d", "c"), settle(True, "e", "c")])
    assert reports.counters()["vanity_purchases_total"] == 1


def test_what_is_not_shown_comes_back_whole(books: Books, reports: Reports) -> None:
    """Balance and lifetime spending are as before, also a day later; the old colour stays."""
    ask(books, earn("Bob", 90))
    books.commit([reserve("a", GREEN), settle(True, "b", "a")])
    ask(books, reserve())
    assert not told(books, settle(False, day=NEXT_DAY), ColourSettled).shown
    wallet = look(books, "Bob")
    assert (wallet.balance_z, wallet.lifetime_spent_z) == (60, 30)
    assert owned(reports) == {CHAT_COLOUR: GREEN}
    newest = reports.transactions(key("Bob"))[0]
    assert (newest.type, newest.trigger_id) == ("refund", "refund.chat_color_not_shown")


def test_the_same_colour_again_costs_nothing(books: Books) -> None:
    """It is refused before anything is set aside; another colour is sold."""
    ask(books, earn("Bob", 90))
    books.commit([reserve(), settle(True)])
    assert ask(books, reserve("again")) == AlreadyOwned(GOLD)
    assert look(books, "Bob").balance_z == 60
    assert isinstance(ask(books, reserve("other", GREEN)), ColourReserved)


def test_who_cannot_buy(books: Books) -> None:
    """Without account, without the money, or banned."""
    assert ask(books, reserve()) == NoAccount(key("Bob"))
    ask(books, earn("Bob", 29))
    assert ask(books, reserve()) == Insufficient(29, 1)
    ask(books, earn("Bob", 5))
    ask(books, Ban(key("Bob"), "Bob", "Boss", "", NOW))
    assert ask(books, reserve()) == Banned(key("Bob"))


def test_a_purchase_is_settled_once(books: Books, reports: Reports) -> None:
    """Whoever comes second, with another view of it, changes nothing."""
    ask(books, earn("Bob", 50))
    ask(books, reserve())
    ask(books, settle(False, "first"))
    assert ask(books, settle(True, "second")) == AlreadySettled("colour:r", "released")
    assert ask(books, settle(True, "x", "unheard-of")) == NoHold("colour:unheard-of")
    assert owned(reports) == {}
    assert look(books, "Bob").balance_z == 50


def test_a_purchase_outlives_a_restart_and_can_be_found(books: Books, reports: Reports) -> None:
    """It is left to whoever can see the stylesheet, and ends by itself if nobody can."""
    ask(books, earn("Bob", 50))
    ask(books, reserve())
    ask(books, ReleaseOrphans(("heist",), "restart", NOW, DAY))
    assert resumes("chat colour")
    (held,) = open_colours(reports, CHANNEL)
    assert held == purchase_of(reports, CHANNEL, "r")
    assert (held.display_name, held.colour, held.discount, held.state) == ("Bob", GOLD, 0.1, "open")
    ask(books, ExpireHolds(NOW + WAITS_MS, DAY))
    assert look(books, "Bob").balance_z == 50
    assert open_colours(reports, CHANNEL) == ()
    assert purchase_of(reports, CHANNEL, "other") is None


def test_found_colours_are_kept_for_those_without_one(books: Books, reports: Reports) -> None:
    """What somebody has bought stays theirs, and nobody gets an account by a stylesheet."""
    books.commit([earn("Bob", 50), earn("Eve", 1), reserve(), settle(True)])
    found = (("BOB", GREEN), ("eve", GREEN), ("Ghost", GREEN))
    assert ask(books, KeepFoundColours(CHANNEL, found, NOW, DAY)) == ColoursKept(1)
    kept = {each.display_name: each.value for each in owned_by_all(reports, CHANNEL, CHAT_COLOUR)}
    assert kept == {"Bob": GOLD, "Eve": GREEN}
    assert ask(books, KeepFoundColours(CHANNEL, found, NOW, DAY)) == ColoursKept(0)
