"""The way from frontier to local, in the figures of a status."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from store.adapters import Adapter
from tests.valence.conftest import TINY
from tests.valence.test_status import by_frontier, by_local
from valence.app import Valence
from valence.journey import Journey, journey_of
from valence.status import status_of

Give = Callable[..., Adapter]


@pytest.fixture
def app(open_app: Callable[..., Valence]) -> Valence:
    return open_app(local={"model": str(TINY)})


def journey(app: Valence) -> Journey:
    return journey_of(status_of(app.stores, app.settings, app.locations, "decompose"))


def test_before_the_first_step(app: Valence) -> None:
    found = journey(app)
    assert (found.calls, found.coverage, found.course) == (0, None, ())
    assert (found.realised, found.saved_usd, found.paid_usd) == (None, None, 0)
    assert (found.promise, found.confidence_level) == (0.05, 0.95)
    assert (found.gate, found.examples, found.until_training) == ("closed", 0, 1000)


def test_the_way_in_figures(app: Valence, give_adapter: Give) -> None:
    adapter = give_adapter(app)
    with app.stores.database.transaction():
        for number in range(100):
            app.stores.ledger.record(by_frontier(number))
        for number in range(50):
            right, audited = number % 10 > 0, number % 2 == 0
            app.stores.ledger.record(by_local(100 + number, adapter, right, audited))
    found = journey(app)
    assert found.course == ((100, 0.0), (150, 1.0))
    assert found.coverage == pytest.approx(1 / 3)
    assert found.saved_usd == pytest.approx(50 * 0.02)
    assert found.paid_usd == pytest.approx(100 * 0.02)
    assert found.checked == 25
    assert found.realised is not None
    assert found.realised.value == pytest.approx(5 / 25)
    assert found.realised.low < 5 / 25 < found.realised.high
    assert found.gate == "open"
