"""Shapes of made graphs whose right answer is known."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.topology import (
    Blend,
    blended,
    degrees,
    embed,
    fit_blend,
    hits_at,
    hold_out,
    mean_reciprocal_rank,
    ranks,
)

if TYPE_CHECKING:
    from models.topology import Links, Matrix

CLIQUES, SIZE = 6, 8


@pytest.fixture
def cliques() -> Links:
    """Six groups of eight in which everybody knows everybody, in a ring of single links."""
    inner = [
        (SIZE * group + a, SIZE * group + b)
        for group in range(CLIQUES)
        for a, b in combinations(range(SIZE), 2)
    ]
    ring = [(SIZE * group, SIZE * ((group + 1) % CLIQUES) + 1) for group in range(CLIQUES)]
    return np.array(inner + ring)


def noise(n: int, seed: int = 0) -> Matrix:
    rows = np.random.default_rng(seed).standard_normal((n, 16)).astype(np.float32)
    unit: Matrix = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def test_members_of_a_group_are_nearest_to_each_other(cliques: Links) -> None:
    n = CLIQUES * SIZE
    vectors = embed(cliques, n, dimensions=12)
    assert vectors.shape == (n, 12)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    nearest = np.argsort(-(vectors @ vectors[3]))[:SIZE]
    assert {int(each) // SIZE for each in nearest} == {0}
    assert np.array_equal(vectors, embed(cliques, n, dimensions=12))


def test_entities_without_links_and_tiny_graphs_have_no_shape(cliques: Links) -> None:
    vectors = embed(cliques, CLIQUES * SIZE + 2)
    assert not vectors[-2:].any()
    assert embed(np.zeros((0, 2), np.int64), 5).shape == (5, 1)
    assert not embed(np.array([[0, 1], [1, 1]]), 3).any()
    assert embed(np.array([[0, 1], [2, 3], [1, 2]]), 4).shape == (4, 2)


def test_held_out_links_leave_everyone_one_and_are_in_no_other_part(cliques: Links) -> None:
    kept, held = hold_out(np.concatenate([cliques, cliques[:, ::-1]]), 0.2, seed=3)
    assert len(kept) + len(held) == len(cliques)
    assert len(held) == int(0.2 * len(cliques))
    assert not {tuple(pair) for pair in kept.tolist()} & {tuple(pair) for pair in held.tolist()}
    assert degrees(kept, CLIQUES * SIZE).min() >= 1
    star = np.array([[0, i] for i in range(1, 9)])
    assert len(hold_out(star, 0.5, seed=0)[1]) == 0


def test_ranks_leave_out_known_neighbours_and_count_equals_half() -> None:
    vectors = np.eye(4, dtype=np.float32)[[0, 0, 0, 1]]
    places = ranks(vectors, np.array([[0, 1]]), np.array([[0, 2]]))
    assert places.tolist() == [1, 1]  # 0→2: 1 is known; 2→0: 1 is equal, half of one is none
    far = ranks(vectors, np.zeros((0, 2), np.int64), np.array([[0, 3]]))
    assert far.tolist() == [3, 2]
    assert hits_at(2, far) == 0.5
    assert mean_reciprocal_rank(far) == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert hits_at(10, far[:0]) == 0.0


def test_the_blend_trusts_what_predicts(cliques: Links) -> None:
    n = CLIQUES * SIZE
    kept, held = hold_out(cliques, 0.15, seed=1)
    shape = embed(kept, n, dimensions=12)
    assert hits_at(10, ranks(shape, kept, held)) > 0.8
    useless_names = fit_blend(noise(n), shape, kept, held)
    assert useless_names.text <= 0.3
    groups = np.repeat(noise(CLIQUES), SIZE, axis=0)
    useless_shape = fit_blend(groups, noise(n, seed=2), kept, held)
    assert useless_shape.text >= 0.7
    assert useless_shape.alone_from is None
    assert fit_blend(noise(n), shape, kept, held[:0]) == Blend()


def test_three_phases_by_links() -> None:
    weights = Blend(text=0.5, alone_from=8).weights(np.array([0, 1, 7, 8, 90]))
    assert weights.tolist() == [1.0, 0.5, 0.5, 0.0, 0.0]
    text, shape = noise(5), noise(5, seed=1)
    vectors = blended(text, shape, weights)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    expected = 0.5 * (text[1] @ text[2]) + 0.5 * (shape[1] @ shape[2])
    assert vectors[1] @ vectors[2] == pytest.approx(expected, abs=1e-5)
