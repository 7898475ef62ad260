"""Pages of the ledger: all calls once, in order, however they are chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from store import browsing
from store.browsing import Filter, Place, browse, said_of
from store.database import Database
from store.ledger import Call, Ledger

Make = Callable[..., Any]


@pytest.fixture
def calls(ledger: Ledger, make_call: Make, db: Database) -> list[Call]:
    """Thirty calls on three days, oldest first; every third is of another boundary, every
    fourth local; pairs have the same time."""
    made = [
        make_call(
            f"Ada has {i} cats and {'a dog' if i % 5 == 0 else 'no hens'}",
            boundary="recompose" if i % 3 == 0 else "decompose",
            route="local" if i % 4 == 0 else "frontier",
            created_at=f"2026-01-{1 + i // 10:02}T00:00:{i // 2:02}.000000Z",
        )
        for i in range(30)
    ]
    with db.transaction():
        for call in made:
            ledger.record(call)
    return made


def walk(db: Database, chosen: Filter, words: str = "", limit: int = 4) -> list[str]:
    """The ids of all pages."""
    found: list[str] = []
    place: Place | None = Place()
    while place:
        page = browse(db, chosen, words, place, limit)
        assert len(page.calls) <= limit
        found += [call.id for call in page.calls]
        place = page.older
    return found


def ids(calls: list[Call], wanted: Callable[[Call], object] = bool) -> list[str]:
    return [call.id for call in reversed(calls) if wanted(call)]


@pytest.mark.parametrize(
    ("chosen", "wanted"),
    [
        ({}, lambda c: True),
        ({"boundary": "recompose"}, lambda c: c.boundary == "recompose"),
        ({"route": "local"}, lambda c: c.route == "local"),
        (
            {"route": "local", "boundary": "decompose"},
            lambda c: (c.route, c.boundary) == ("local", "decompose"),
        ),
        ({"since": "2026-01-02"}, lambda c: c.created_at >= "2026-01-02"),
        ({"until": "2026-01-02"}, lambda c: c.created_at < "2026-01-02"),
        (
            {"since": "2026-01-02", "until": "2026-01-03", "route": "frontier"},
            lambda c: c.created_at[:10] == "2026-01-02" and c.route == "frontier",
        ),
        ({"boundary": "unheard"}, lambda c: False),
    ],
)
def test_pages_hold_each_chosen_call_once_newest_first(
    db: Database, calls: list[Call], chosen: dict[str, Any], wanted: Callable[[Call], bool]
) -> None:
    assert walk(db, Filter(**chosen)) == ids(calls, wanted)
    assert walk(db, Filter(**chosen), limit=100) == ids(calls, wanted)
    assert walk(db, Filter(**chosen), words="cats") == ids(calls, wanted)


def test_an_until_in_the_middle_of_a_page_walk(db: Database, calls: list[Call]) -> None:
    """Two calls of one time are told apart by their ids, on both sides of a page's end."""
    time = calls[12].created_at
    assert calls[13].created_at == time
    assert walk(db, Filter(until=time), limit=1) == ids(calls[:12])
    assert walk(db, Filter(since=time), limit=1) == ids(calls[12:])


def test_what_a_person_said(db: Database, ledger: Ledger, calls: list[Call]) -> None:
    for place in (3, 9, 20):
        ledger.correct(calls[place].id, '{"text": "a hen"}')
    ledger.correct(calls[9].id, '{"text": "two hens"}')
    ledger.rate(calls[12].id, -1)
    ledger.rate(calls[15].id, 1)
    corrected, wrong = (3, 9, 20), (3, 9, 12, 20)
    marks = {3: "corrected", 9: "corrected", 12: "wrong", 15: "good", 20: "corrected"}
    assert said_of(db, ids(calls)) == {calls[i].id: mark for i, mark in marks.items()}
    assert walk(db, Filter(said="corrected"), limit=2) == [calls[i].id for i in corrected[::-1]]
    assert walk(db, Filter(said="wrong"), limit=2) == [calls[i].id for i in wrong[::-1]]
    chosen = Filter(said="wrong", boundary="recompose")
    assert walk(db, chosen) == [calls[i].id for i in (12, 9, 3)]
    assert walk(db, Filter(said="corrected"), words="hen") == [calls[i].id for i in (20, 9, 3)]
    assert walk(db, Filter(said="wrong", since="2026-01-02"), words="hen") == [calls[20].id]


def test_a_search_looks_no_further_than_its_reach_at_once(
    db: Database, calls: list[Call], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsing, "REACH", 6)
    page = browse(db, Filter(until="2026-01-02"), "cats")
    assert page.calls == ()
    assert page.older is not None
    assert walk(db, Filter(until="2026-01-02"), "cats") == ids(calls[:10])
    assert walk(db, Filter(boundary="recompose"), "cats dog") == [calls[i].id for i in (15, 0)]


def test_new_calls_do_not_move_the_pages_below(
    db: Database, ledger: Ledger, calls: list[Call], make_call: Make
) -> None:
    first = browse(db, Filter(), limit=10)
    ledger.record(make_call("newer"))
    second = browse(db, Filter(), before=first.older, limit=10)
    assert [c.id for c in (*first.calls, *second.calls)] == ids(calls)[:20]


def test_a_forgotten_call_at_the_seam_ends_nothing(
    db: Database, ledger: Ledger, calls: list[Call]
) -> None:
    first = browse(db, Filter(), limit=10)
    found = browse(db, Filter(), "cats", limit=10)
    ledger.forget(first.calls[-1].id)
    assert [c.id for c in browse(db, Filter(), before=first.older).calls] == ids(calls)[10:]
    assert [c.id for c in browse(db, Filter(), "cats", found.older).calls] == ids(calls)[10:]


@pytest.mark.parametrize("words", ["?!", '"', "unheard"])
def test_words_that_nothing_holds(db: Database, calls: list[Call], words: str) -> None:
    assert browse(db, Filter(), words).calls == ()
