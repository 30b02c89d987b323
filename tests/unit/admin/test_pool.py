"""One queue for all desks."""

from economy_actors.admin.messages import ApiRequest
from economy_actors.admin.pool import Pool, Ticket


def ticket(name: str) -> Ticket:
    return Ticket(ApiRequest(name.encode(), "inbox"), 1.0)


def test_requests_leave_in_the_order_they_came() -> None:
    """Who came first is served first, by whichever desk is free."""
    pool = Pool()
    first, second = ticket("a"), ticket("b")
    assert pool.offer(first)
    assert pool.offer(second)
    assert (pool.take(), pool.take(), pool.take()) == (first, second, None)


def test_a_full_pool_takes_nothing() -> None:
    """Everything is bounded."""
    pool = Pool(waiting_max=1)
    assert pool.offer(ticket("a"))
    assert not pool.offer(ticket("b"))


def test_only_idle_desks_are_roused_and_each_once() -> None:
    """A desk that rests twice is still one desk."""
    pool = Pool()
    assert pool.rouse() is None
    pool.rest(3)
    pool.rest(3)
    assert pool.rouse() == 3
    assert pool.rouse() is None
