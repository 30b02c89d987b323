"""One queue for all workers."""

from economy_actors.api import Queue, Waiting
from economy_actors.messages.workers import ApiRequest


def waiting(name: str) -> Waiting:
    return Waiting(ApiRequest(name.encode(), "inbox"), 1.0)


def test_requests_leave_in_the_order_they_came() -> None:
    """Who came first is served first, by whichever worker is free."""
    queue = Queue()
    first, second = waiting("a"), waiting("b")
    assert queue.offer(first)
    assert queue.offer(second)
    assert (queue.take(), queue.take(), queue.take()) == (first, second, None)


def test_a_full_queue_takes_nothing() -> None:
    """Everything is bounded."""
    queue = Queue(waiting_max=1)
    assert queue.offer(waiting("a"))
    assert not queue.offer(waiting("b"))


def test_only_idle_workers_are_roused_and_each_once() -> None:
    """A worker that rests twice is still one worker."""
    queue = Queue()
    assert queue.rouse() is None
    queue.rest(3)
    queue.rest(3)
    assert queue.rouse() == 3
    assert queue.rouse() is None
