"""Weak labels: what each looks at, and one probability of them all."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from store.trajectories import Step, Trajectory
from valence.strategies.outcome import (
    LABEL_FUNCTIONS,
    fit_fusion,
    fuse,
    outcome,
    prior_model,
    says_the_same,
    votes_of,
)


def trajectory(*steps: Step, **columns: Any) -> Trajectory:
    values = {"agent": "a", "source": "jsonl", "key": "k", "task_id": "t", "problem": "p"}
    return Trajectory(steps=steps, **values | columns)


def person(text: str) -> Step:
    return Step(kind="person", text=text)


def says(text: str = "It is done.") -> Step:
    return Step(kind="message", text=text)


def tool(result: str = "ok", failed: bool = False) -> Step:
    return Step(kind="tool", tool="update_order", result=result, failed=failed)


@pytest.mark.parametrize(
    ("found", "votes"),
    [
        (trajectory(), {}),
        (trajectory(says(), feedback={"valid": True}), {"valid": 1}),
        (trajectory(says(), feedback={"valid": False}), {"valid": -1}),
        (trajectory(says(), feedback={"corrected": True}), {"corrected": -1}),
        (trajectory(says(), feedback={"corrected": False}), {}),
        (trajectory(says(), feedback={"rating": 5}), {"rated": 1}),
        (trajectory(says(), feedback={"rating": -1}), {"rated": -1}),
        (trajectory(says(), feedback={"went_on": True}), {"went_on": 1}),
        (trajectory(says(), feedback={"retried": True}), {"retried": -1}),
        (trajectory(says(), feedback={"exit_code": 0}), {"exit_code": 1}),
        (trajectory(tool("exit code: 2"), says()), {"exit_code": -1, "tools": 1}),
        (trajectory(tool(), says()), {"tools": 1}),
        (trajectory(tool(failed=True), tool(), says()), {"tools": -1}),
        (trajectory(tool(failed=True), says()), {"tools": -1, "last_tool": -1}),
        (trajectory(says("Which one?")), {"broken_off": -1}),
        (trajectory(person("Do it"), says(), person("Great, thank you!")), {"thanked": 1}),
        (trajectory(person("Do it"), says(), person("That's wrong.")), {"objected": -1}),
    ],
)
def test_what_each_function_votes(found: Trajectory, votes: dict[str, int]) -> None:
    assert votes_of(found) == votes


def test_who_asks_again_was_not_served() -> None:
    assert says_the_same("Please cancel my order A7 now", "please cancel my order A7, now!")
    assert not says_the_same("Please cancel my order A7 now", "And where is my other parcel?")
    assert not says_the_same("yes", "yes")
    asked = "Please cancel my order A7 now"
    again = trajectory(person(asked), says("Here is a joke."), person(asked), says())
    assert votes_of(again)["retried"] == -1


def test_a_true_outcome_outweighs_every_vote() -> None:
    rated = trajectory(says(), feedback={"rating": -1}, success=True)
    assert outcome(rated, prior_model()) == 1.0
    assert outcome(trajectory(says()), prior_model()) is None


def test_votes_are_weighed_by_what_is_believed_of_them() -> None:
    prior = prior_model()
    assert fuse({"rated": 1}, prior) == pytest.approx(0.9)
    assert fuse({"rated": 1, "corrected": -1}, prior) == pytest.approx(0.5)
    sure = fuse({"rated": 1, "went_on": 1}, prior)
    assert sure is not None
    assert sure > 0.9


def test_known_outcomes_teach_which_votes_to_trust() -> None:
    rng = random.Random(0)
    known = []
    for number in range(400):
        good = rng.random() < 0.5
        # here ratings are given at random and thanks go with success
        rating = rng.choice([1, -1])
        last = person("thanks") if good == (rng.random() < 0.9) else person("well")
        made = trajectory(person("Do it"), says(), last, feedback={"rating": rating})
        known.append(replace(made, task_id=str(number), success=good))
    fusion = fit_fusion(known)
    rated, thanked = fuse({"rated": 1}, fusion), fuse({"thanked": 1, "rated": -1}, fusion)
    assert rated is not None
    assert thanked is not None
    assert thanked > 0.8 > 0.6 > rated
    corrected = fuse({"corrected": -1}, fusion)  # nothing was learned of that one
    assert corrected is not None
    assert corrected < 0.2


@pytest.mark.parametrize("success", [True, False])
def test_outcomes_of_one_kind_leave_a_fusion(success: bool) -> None:
    known = [trajectory(says(), feedback={"rating": 1}, success=success)] * 50
    p = fuse({"rated": 1}, fit_fusion(known))
    assert p is not None
    assert (p > 0.9) == success


def test_contradictory_labels_come_out_even() -> None:
    known = [
        trajectory(says(), feedback={"rating": 1}, success=bool(number % 2))
        for number in range(1000)
    ]
    assert fuse({"rated": 1}, fit_fusion(known)) == pytest.approx(0.5, abs=0.02)


def test_every_belief_is_one_of_a_function_better_than_chance() -> None:
    assert all(0.5 < each.accuracy < 1 for each in LABEL_FUNCTIONS.values())


def test_a_megabyte_of_text_is_looked_through_at_once() -> None:
    long = "please cancel my order " * 50_000
    found = trajectory(person(long), says(long), person(long), tool(long))
    assert votes_of(found)["retried"] == -1
