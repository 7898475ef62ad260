"""Costs from the bundled table and from the user's own prices; never from the network."""

from __future__ import annotations

import socket

import pytest

from models.prices import Cost, Price, Prices

LOCAL = "http://127.0.0.1:1/v1"


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_a_known_model_has_its_price_wherever_it_runs() -> None:
    cost = Prices().cost(
        "gpt-4o-mini", provider="openai", base_url=LOCAL, input_tokens=10**6, output_tokens=10**6
    )
    assert cost == Cost(pytest.approx(0.75), known=True)  # type: ignore[arg-type]


def test_an_unknown_model_costs_nothing_and_says_so() -> None:
    cost = Prices().cost(
        "home-made", provider="openai", base_url=LOCAL, input_tokens=9, output_tokens=9
    )
    assert cost == Cost(0.0, known=False)


def test_the_users_price_wins() -> None:
    prices = Prices({"gpt-4o-mini": Price(1, 2)})
    cost = prices.cost(
        "gpt-4o-mini", provider="openai", base_url=LOCAL, input_tokens=10**6, output_tokens=10**6
    )
    assert cost == Cost(3.0, known=True)
