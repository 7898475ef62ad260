"""The frontier's client, as the settings have it.

Knows settings, keys and prices: not what is asked, nor whether it may be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from valence.errors import ConfigError

if TYPE_CHECKING:
    from models.frontier import Frontier
    from models.prices import Prices
    from valence.config import Settings


def connect_frontier(settings: Settings) -> Frontier:
    """The frontier's client; raises ConfigError where a key or a model's name is missing."""
    from models.frontier import make_frontier
    from models.keys import get_key

    chosen = settings.frontier
    if chosen.model is None:
        raise ConfigError(
            "frontier.model is not set", do="`valence config set frontier.model NAME`"
        )
    return make_frontier(
        provider=chosen.provider,
        model=chosen.model,
        base_url=chosen.base_url,
        timeout_s=chosen.timeout_s,
        key=get_key(chosen.provider),
        prices=_prices(settings),
    )


def _prices(settings: Settings) -> Prices:
    from models.prices import Price, Prices

    frontier = settings.frontier
    given = (frontier.input_usd_per_mtok, frontier.output_usd_per_mtok)
    if given == (None, None) or frontier.model is None:
        return Prices()
    return Prices({frontier.model: Price(given[0] or 0.0, given[1] or 0.0)})
