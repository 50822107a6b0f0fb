"""New runs are announced once each, whoever does it, and nobody waits for others for long."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from uuid import UUID

import pytest

from processors.live import topics
from processors.services import bell as module
from processors.services.bell import ROUNDS, Bell, News
from products.models import new_id

WAIT_S = 20
TOPIC = topics.workspace(new_id())


class Doors:
    """Stands in for broker and Valkey: each announcement waits until the test opens the next door."""

    def __init__(self) -> None:
        self.seen: list[list[UUID]] = []
        self.threads: list[threading.Thread] = []
        self.inside, self.open = threading.Semaphore(0), threading.Semaphore(0)
        self.fails = False

    def __call__(self, gathered: Sequence[News]) -> None:
        self.threads.append(threading.current_thread())
        self.seen.append([run_id for news in gathered for run_id in news.run_ids])
        self.inside.release()
        assert self.open.acquire(timeout=WAIT_S)
        if self.fails:
            self.fails = False
            raise RuntimeError("broken")


@pytest.fixture
def doors(monkeypatch: pytest.MonkeyPatch) -> Doors:
    found = Doors()
    monkeypatch.setattr(module, "_announce", found)
    return found


def news() -> News:
    return News([new_id()], "runs", [TOPIC])


def ringing(bell: Bell, first: News, *, swallow: bool = False) -> threading.Thread:
    def work() -> None:
        try:
            bell.ring(first)
        except RuntimeError:
            assert swallow

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def pass_through(doors: Doors) -> None:
    assert doors.inside.acquire(timeout=WAIT_S)
    doors.open.release()


def test_who_comes_meanwhile_leaves_it_to_the_one_who_rings(doors: Doors) -> None:
    bell, first, others = Bell(), news(), [news() for _ in range(3)]
    thread = ringing(bell, first)
    assert doors.inside.acquire(timeout=WAIT_S)
    for one in others:
        bell.ring(one)  # comes back at once
    doors.open.release()
    pass_through(doors)
    thread.join(WAIT_S)
    assert doors.seen == [list(first.run_ids), [run_id for one in others for run_id in one.run_ids]]
    assert not bell._is_rung


def test_a_caller_does_not_ring_for_others_for_ever(doors: Doors) -> None:
    bell = Bell()
    thread = ringing(bell, news())
    for _ in range(ROUNDS):
        assert doors.inside.acquire(timeout=WAIT_S)
        bell.ring(news())
        doors.open.release()
    thread.join(WAIT_S)
    assert not thread.is_alive()
    pass_through(doors)
    doors.threads[-1].join(WAIT_S)
    assert (len(doors.seen), doors.threads[-1].name) == (ROUNDS + 1, "bell")
    assert not bell._is_rung


def test_what_others_left_is_announced_also_when_the_first_one_fails(doors: Doors) -> None:
    bell, other = Bell(), news()
    doors.fails = True
    thread = ringing(bell, news(), swallow=True)
    assert doors.inside.acquire(timeout=WAIT_S)
    bell.ring(other)
    doors.open.release()
    thread.join(WAIT_S)
    pass_through(doors)
    doors.threads[-1].join(WAIT_S)
    assert doors.seen[-1] == list(other.run_ids)
    assert not bell._is_rung


def test_lists_hear_once_and_every_queue_gets_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: dict[str, list[str]] = {}
    heard: list[tuple[object, ...]] = []
    ring: Callable[..., None] = lambda run_ids, *, queue: rung.setdefault(queue, []).extend(run_ids)  # noqa: E731
    monkeypatch.setattr(module.dispatch, "ring_for_runs", ring)
    monkeypatch.setattr(module.publish, "changed", lambda *given: heard.append(given))
    given = [News([new_id(), new_id()], "runs", [TOPIC]), News([new_id()], "runs.a.b", [TOPIC])]
    module._announce(given)
    assert rung == {one.queue: [str(run_id) for run_id in one.run_ids] for one in given}
    assert heard == [(TOPIC,)]
