"""Coming, going, doing and presence (`earning.md` 3 and 7, `storage.md` S11)."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from tests.unit.ledger.acts import (
    CHANNEL,
    DAY,
    NEXT_DAY,
    NOW,
    SETTINGS,
    ask,
    earn,
    key,
    look,
    minute,
    op,
    present,
    told,
)

from kryten_economy.features.bans import Ban, Unban
from kryten_economy.features.events.rules import PLAIN, Factor
from kryten_economy.features.money.operations import Posted
from kryten_economy.features.presence.minutes import EarningTerms, MinuteRate
from kryten_economy.features.presence.operations import (
    Arrive,
    Arrived,
    Depart,
    Departed,
    PresencePaid,
    RecordActivity,
)
from kryten_economy.features.ranks.rules import Ladder
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.operation import Failed
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import AMOUNT_MAX_Z, BALANCE_MAX_Z

HALF = Factor("x", Fraction(1, 2), "half")


def arrive(
    name: str, *, window_ms: int = 0, wallet_z: int = 100, at_ms: int = NOW, day: str = DAY
) -> Arrive:
    return Arrive(op(), key(name), name, at_ms, day, wallet_z, window_ms=window_ms)


def said(name: str, at_ms: int = NOW, messages: int = 1) -> RecordActivity:
    return RecordActivity(key(name), name, at_ms, DAY, messages=messages, chatted=True)


def test_asking_opens_an_account(books: Books, reports: Reports) -> None:
    """The first `balance` of an unknown user makes an account with nothing in it."""
    wallet = look(books, "Bob")
    assert (wallet.balance_z, wallet.first_seen_ms, wallet.last_seen_ms) == (0, NOW, NOW)
    assert (wallet.cytube_level, wallet.rank_name, wallet.streak_days) == (1, "", 0)
    assert (wallet.last_departure_ms, wallet.last_active_ms) == (None, None)
    assert reports.wallet(key("bob"), DAY) == wallet


def test_a_mere_question_writes_nothing(books: Books) -> None:
    """Asking again as the same name is a read."""
    look(books, "Bob")
    before = books._connection.total_changes()
    ask(books, RecordActivity(key("Bob"), "Bob", NOW + 99, DAY))
    assert books._connection.total_changes() == before
    assert look(books, "Bob").last_seen_ms == NOW


def test_chat_counts(books: Books, reports: Reports) -> None:
    """Messages count for life and for the day, and mark the last chat."""
    ask(books, said("Bob", NOW, messages=2))
    wallet = told(books, said("Bob", NOW + 5), Wallet)
    assert (wallet.lifetime_messages, wallet.last_active_ms, wallet.last_seen_ms) == (
        3,
        NOW + 5,
        NOW + 5,
    )
    assert wallet == reports.wallet(key("Bob"), DAY)


def test_commands_count_as_use_of_the_economy(books: Books, reports: Reports) -> None:
    """A PM command makes its user economy-active and is no chat."""
    wallet = told(books, RecordActivity(key("Bob"), "Bob", NOW, DAY, commands=1), Wallet)
    assert (wallet.last_active_ms, wallet.lifetime_messages) == (None, 0)
    ask(books, minute("m", present("Bob"), present("Eve")))
    assert reports.participation(CHANNEL, DAY) == (1, 2, 50.0)


def test_display_name_follows_the_last_casing(books: Books) -> None:
    """The stored casing is the last one seen (`storage.md` S5)."""
    look(books, "bob")
    assert told(books, RecordActivity(key("bob"), "BoB", NOW, DAY), Wallet).display_name == "BoB"
    assert look(books, "BoB").display_name == "BoB"


def test_late_news_never_turns_time_back(books: Books) -> None:
    """An event that comes late does not lower last seen or last active."""
    ask(books, said("Bob", NOW + 9))
    wallet = told(books, said("Bob", NOW), Wallet)
    assert (wallet.last_seen_ms, wallet.last_active_ms) == (NOW + 9, NOW + 9)


def test_welcome_wallet_is_claimed_once(books: Books) -> None:
    """A genuine arrival gets the welcome wallet once in a lifetime."""
    first = told(books, arrive("Bob"), Arrived)
    assert (first.created, first.welcomed_z, first.absent_since_ms) == (True, 100, None)
    assert (first.wallet.balance_z, first.wallet.lifetime_earned_z) == (100, 100)
    assert first.wallet.welcome_wallet_claimed
    again = told(books, arrive("Bob"), Arrived)
    assert (again.created, again.welcomed_z, again.wallet.balance_z) == (False, 0, 100)


def test_no_welcome_without_arrival_or_amount(books: Books) -> None:
    """A return inside the debounce window, or an amount of 0, leaves the claim open."""
    look(books, "Bob")
    back = told(books, arrive("Bob", window_ms=30_000, at_ms=NOW + 29_999), Arrived)
    assert (back.genuine, back.welcomed_z) == (False, 0)
    assert told(books, arrive("Bob", wallet_z=0), Arrived).welcomed_z == 0
    assert not look(books, "Bob").welcome_wallet_claimed
    late = arrive("Bob", window_ms=30_000, at_ms=NOW + 59_999)
    assert told(books, late, Arrived).welcomed_z == 100


def test_the_banned_are_not_welcomed(books: Books) -> None:
    """A banned arrival gets nothing and keeps the claim for later."""
    books.commit([Ban(key("Bob"), "Bob", "Boss", "", NOW)])
    answer = told(books, arrive("Bob"), Arrived)
    assert (answer.welcomed_z, answer.wallet.welcome_wallet_claimed) == (0, False)
    books.commit([Unban(key("Bob"))])
    assert told(books, arrive("Bob"), Arrived).welcomed_z == 100


def test_absence_counts_from_the_moment_of_leaving(books: Books) -> None:
    """The departure is stored as it was; without one the last sight stands in."""
    books.commit([arrive("Bob", at_ms=NOW)])
    assert told(books, arrive("Bob", at_ms=NOW + 50), Arrived).absent_since_ms == NOW
    assert ask(books, Depart(CHANNEL, ("bob", "ghost"), NOW + 60)) == Departed(1)
    wallet = look(books, "Bob")
    assert (wallet.last_departure_ms, wallet.last_seen_ms) == (NOW + 60, NOW + 60)
    back = told(books, arrive("Bob", at_ms=NOW + 900), Arrived)
    assert back.absent_since_ms == NOW + 60
    assert back.wallet.last_seen_ms == NOW + 900


def test_departing_from_nowhere_counts_nobody(books: Books, reports: Reports) -> None:
    """An unknown channel is not created by a departure."""
    assert ask(books, Depart("Nowhere", ("bob",), NOW)) == Departed(0)
    assert reports.channels() == ()


def test_presence_pays_and_counts(books: Books, reports: Reports) -> None:
    """A tick pays everybody, counts minutes, opens accounts and writes one row each."""
    ask(books, earn("Bob", 10))
    answer = told(books, minute("m1", present("Bob", 2), present("Eve", 3)), PresencePaid)
    assert answer == PresencePaid(2, 5)
    assert [_standing(books, name) for name in ("Bob", "Eve")] == [(12, 12, 1), (3, 3, 1)]
    assert [row.amount_z for row in reports.transactions(key("Bob"))] == [2, 10]
    assert reports.daily_totals(CHANNEL, DAY) == (15, 0, 0, 0, 2)
    assert reports.triggers(CHANNEL, DAY, DAY)[1] == ("presence.base", 2, 2, 5)
    assert look(books, "Bob").minutes_today == 1
    assert reports.counters()["z_earned_total"] == 15


def test_minutes_count_without_pay(books: Books) -> None:
    """At a rate of 0 and for the banned, minutes and last seen are still written."""
    books.commit([earn("Bob", 1), earn("Eve", 1), Ban(key("Bob"), "Bob", "Boss", "", NOW)])
    tick = replace(minute("m1", present("Bob", 5), present("Eve", 0)), at_ms=NOW + 7)
    assert told(books, tick, PresencePaid) == PresencePaid(2, 0)
    assert [_standing(books, name) for name in ("Bob", "Eve")] == [(1, 1, 1), (1, 1, 1)]
    assert look(books, "Bob").last_seen_ms == NOW + 7


def test_minutes_belong_to_their_day(books: Books) -> None:
    """A new day starts at 0 (`earning.md` 3.4)."""
    books.commit([minute("m1", present("Bob", minutes=3)), minute("m2", present("Bob"))])
    books.commit([minute("m3", present("Bob"), day=NEXT_DAY)])
    assert (look(books, "Bob").minutes_today, look(books, "Bob", NEXT_DAY).minutes_today) == (4, 1)


def _standing(books: Books, name: str) -> tuple[int, int, int]:
    wallet = look(books, name)
    return wallet.balance_z, wallet.lifetime_earned_z, wallet.minutes_today


def test_in_one_tick_everybody_gets_their_own(books: Books, reports: Reports) -> None:
    """Whatever minutes and credits mix, the facts tell everybody as the books hold them."""
    ask(books, minute("m1", present("Ann", 2), present("Bob", 0), present("Cyd", 2)))
    mixed = [present("Eve"), present("Bob", 3, 2), present("Ann"), present("CYD", 3, 2)]
    done = books.commit([minute("m2", *mixed)])
    assert done.answers == (PresencePaid(4, 8),)
    [facts] = done.facts
    posted = [(each.user.name, each.delta_z, each.earned_z) for each in facts.postings]
    assert posted == [("eve", 1, 1), ("bob", 3, 3), ("ann", 1, 1), ("cyd", 3, 3)]
    now = {
        name: (each.balance_z, each.lifetime_earned_z, each.minutes_today)
        for name, each in facts.wallets.items()
    }
    assert now == {"eve": (1, 1, 1), "bob": (3, 3, 3), "ann": (3, 3, 2), "cyd": (5, 5, 3)}
    told_z = [[row.amount_z for row in reports.transactions(key(n))] for n in ("Ann", "Cyd")]
    assert told_z == [[1, 2], [3, 2]]
    assert [_standing(books, name) for name in ("Ann", "CYD")] == [(3, 3, 2), (5, 5, 3)]
    hits = reports.triggers(CHANNEL, DAY, DAY)[0]
    assert (hits.hit_count, hits.unique_users, hits.total_z_awarded) == (6, 4, 12)


def test_a_tick_brings_the_casing_of_the_name(books: Books, reports: Reports) -> None:
    """Who comes back as BOB is shown as BOB from the next minute on."""
    ask(books, minute("m1", present("Bob"), present("Eve")))
    ask(books, minute("m2", present("BOB"), present("Eve")))
    shown = reports.wallets(CHANNEL, DAY, ["bob", "eve"])
    assert [shown[name].display_name for name in ("bob", "eve")] == ["BOB", "Eve"]


def test_a_full_wallet_only_counts(books: Books) -> None:
    """A wallet at its bound is passed over; the others are paid."""
    books.commit([earn("Bob", 1)])
    _raise(books, "bob", BALANCE_MAX_Z - 1)
    done = books.commit([minute("m1", present("Bob"), present("Eve"))])
    assert done.answers == (PresencePaid(2, 1),)
    assert [each.user.name for each in done.facts[0].postings] == ["eve"]
    assert done.facts[0].wallets["bob"].minutes_today == 1
    _raise(books, "bob", 1 - BALANCE_MAX_Z)


def _raise(books: Books, name: str, by_z: int) -> None:
    """Change a balance behind the books, who then look at the row again."""
    statement = "UPDATE account SET balance_z = balance_z + ? WHERE name = ?"
    books._connection.execute(statement, (by_z, name))
    books._tx.forget()


def test_parts_of_a_coin_are_kept_with_the_tick(books: Books, path: Path) -> None:
    """Half a coin waits in the books, over a restart as well, and a repetition adds nothing."""
    terms = EarningTerms(SETTINGS, Ladder(SETTINGS.ranks.tiers), PLAIN.also(HALF))
    ticks = [replace(minute(f"m{number}", present("Bob")), terms=terms) for number in range(3)]
    assert told(books, ticks[0], PresencePaid).paid_z == 0
    assert told(books, ticks[0], PresencePaid) == PresencePaid(1, 0, replayed=True)
    books.close()
    again = Books.open(path)
    assert [told(again, tick, PresencePaid).paid_z for tick in ticks[1:]] == [1, 0]
    assert _standing(again, "Bob") == (1, 1, 3)
    again.close()


def test_impossible_credits_are_not_paid(books: Books) -> None:
    """Below nothing and beyond what may be moved at once, the tick only counts."""
    for number, amount_z in enumerate((-1, 2 * AMOUNT_MAX_Z)):
        tick = minute(f"m{number}", present("Bob", 0, 1))
        odd = replace(tick, rate=MinuteRate(amount_z, 0, 1.0, 0))
        assert told(books, odd, PresencePaid) == PresencePaid(1, 0)
    assert _standing(books, "Bob") == (0, 0, 2)


def test_a_name_twice_in_a_tick_is_a_defect(books: Books) -> None:
    """Nobody is paid twice in one tick; the tick fails and the rest of the batch stands."""
    failed, paid = books.commit(
        [minute("m1", present("Bob"), present("Bob")), earn("Eve", 1)]
    ).answers
    assert isinstance(failed, Failed)
    assert isinstance(paid, Posted)


def test_an_empty_tick_is_fine(books: Books) -> None:
    """A channel with nobody in it pays nobody."""
    assert told(books, minute("m1"), PresencePaid) == PresencePaid(0, 0)
