"""What tokens cost, in US dollars.

The table is the one that genai-prices carries; it is never updated over the network. A price
that the user sets wins. It does not know what was spent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Price:
    """US dollars a million tokens."""

    input_usd_per_mtok: float
    output_usd_per_mtok: float


@dataclass(frozen=True)
class Cost:
    """US dollars; `known` is False, and `usd` 0, when the model has no price."""

    usd: float
    known: bool


class Prices:
    """Price table: `overrides` by model name first, genai-prices' bundled table second."""

    def __init__(self, overrides: Mapping[str, Price] | None = None) -> None:
        self._overrides = dict(overrides or {})

    def cost(
        self,
        model: str,
        *,
        provider: str,
        base_url: str,
        input_tokens: int,
        output_tokens: int,
        cached_tokens: int = 0,
    ) -> Cost:
        """Cost of one answer; `cached_tokens` are the part of `input_tokens` read from a cache.

        The price is looked up for the server at `base_url`, then for the model's maker: a model
        served under its maker's name counts at its maker's price wherever it runs.
        """
        if price := self._overrides.get(model):
            sent = input_tokens * price.input_usd_per_mtok
            said = output_tokens * price.output_usd_per_mtok
            return Cost((sent + said) / 1e6, known=True)
        usage = {"input_tokens": input_tokens, "output_tokens": output_tokens}
        if cached_tokens:
            usage["cache_read_tokens"] = cached_tokens
        return _from_table(usage, model, {"provider_api_url": base_url}) or (
            _from_table(usage, model, {"provider_id": provider}) or Cost(0.0, known=False)
        )


def _from_table(usage: dict[str, int], model: str, where: dict[str, str]) -> Cost | None:
    from genai_prices import Usage, calc_price

    try:
        price = calc_price(Usage(**usage), model, **where)  # type: ignore[call-overload]
    except LookupError:
        return None
    return Cost(float(price.total_price), known=True)
