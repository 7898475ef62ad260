from __future__ import annotations

import re
import uuid
from concurrent.futures import ThreadPoolExecutor

from store.clock import later, now
from store.ids import new_id


def test_ids_are_uuid7_and_sort_by_their_making() -> None:
    ids = [new_id() for _ in range(5000)]
    assert ids == sorted(set(ids))
    assert {uuid.UUID(i).version for i in ids} == {7}
    assert {uuid.UUID(i).variant for i in ids} == {uuid.RFC_4122}


def test_ids_of_many_threads_do_not_meet() -> None:
    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(lambda _: new_id(), range(2000)))
    assert len(set(ids)) == 2000


def test_times_sort_as_text() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", now())
    assert later(-1) < now() < later(1)
