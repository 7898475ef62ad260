"""Pairs that may be one thing, by vectors and links."""

from __future__ import annotations

import numpy as np

from models.counterparts import counterparts

ALIKE = np.eye(6, dtype=np.float32)
ALIKE[1] = ALIKE[0]


def test_what_shares_neighbours_and_is_not_linked_may_be_one_thing() -> None:
    links = np.array([(0, 2), (0, 3), (1, 2), (1, 3), (4, 5)])
    assert (0, 1) in counterparts(ALIKE, links)
    assert (0, 4) not in counterparts(ALIKE, links)
    assert counterparts(ALIKE, links) == counterparts(ALIKE, links[::-1])


def test_neither_linked_nor_with_one_neighbour_in_common_only() -> None:
    one_shared = np.array([(0, 2), (0, 4), (1, 2), (1, 5)])
    assert counterparts(ALIKE, one_shared) == []
    linked = np.array([(0, 2), (0, 3), (1, 2), (1, 3), (1, 0), (2, 3)])
    assert counterparts(ALIKE, linked) == []
    assert counterparts(np.zeros((0, 1), np.float32), np.zeros((0, 2), np.int64)) == []
