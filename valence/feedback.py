"""What a person says of a call: another answer, or a rating. A correction is learnt from at once.

Knows no screen and no command.
"""

from __future__ import annotations

import json

from store.calls import Feedback
from valence.app import Valence
from valence.drafting import edited


def correct(app: Valence, call_id: str, output: str) -> Feedback:
    """Keeps what the answer should have been, in the form of the boundary's JSON, and curates it.

    Raises UnknownCall, AmbiguousId and, for what is no output of the boundary, InvalidOutput.
    """
    call = app.stores.ledger.get(call_id)
    boundary = app.boundaries.get(call.boundary)
    right = boundary.output_from_text(output)
    feedback = app.stores.ledger.correct(call.id, boundary.output_text(right))
    app.curate(boundary)
    return feedback


def correct_draft(app: Valence, call_id: str, text: str) -> Feedback:
    """The same for an edited `draft_of` the call's output. Raises InvalidOutput that names the
    line, too."""
    call = app.stores.ledger.get(call_id)
    return correct(app, call.id, json.dumps(edited(call.output, text), ensure_ascii=False))


def rate(app: Valence, call_id: str, good: bool, note: str = "") -> Feedback:
    """Keeps whether the answer was good. Raises UnknownCall and AmbiguousId."""
    call = app.stores.ledger.get(call_id)
    return app.stores.ledger.rate(call.id, 1 if good else -1, note)
