"""One call's whole story: what was tried, what was said of it, what was learnt from it.

Gathers rows of the stores; judges nothing and shows nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from store.adapters import Adapter
from store.calls import Call, Feedback
from store.examples import Example, Verdict
from valence.stores import Stores


@dataclass(frozen=True)
class Story:
    """A call with its attempts, and all that refers to it.

    `verdict` is curation's (None: it has not looked yet), `examples` were made of the call, and
    `adapters` trained on them, newest first.
    """

    call: Call
    feedback: tuple[Feedback, ...]
    verdict: Verdict | None
    examples: tuple[Example, ...]
    adapters: tuple[Adapter, ...]


def story_of(stores: Stores, call_id: str) -> Story:
    """Raises UnknownCall and AmbiguousId."""
    call = stores.ledger.get(call_id)
    examples = stores.examples.of_call(call.id)
    trained = {
        adapter.id: adapter
        for example in examples
        for adapter in stores.adapters.learnt_from(example.id)
    }
    return Story(
        call=call,
        feedback=tuple(stores.ledger.feedback(call.id)),
        verdict=stores.examples.verdict_on(call.id),
        examples=tuple(examples),
        adapters=tuple(trained[name] for name in sorted(trained, reverse=True)),
    )
