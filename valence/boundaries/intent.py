"""What comes with the app for `intent`: its declaration, some fifty annotated messages of the
project's own to begin with, and rules that tell asking from telling without any model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from valence.boundaries.classifier import Classifier, Declared
from valence.boundaries.labels import Labels
from valence.errors import BoundaryError

NAME = "intent"
SHIPPED = Path(__file__).with_name(f"{NAME}.toml")
SEED = SHIPPED.with_suffix(".jsonl")
ACTION, ASK, RECALL, TELL = "action", "ask", "recall", "tell"


def floor_of(declared: Declared) -> Callable[[str], Labels]:
    """Rules where the classifier is the shipped one by name and has its heads, else nothing."""
    heads = [head.name for head in declared.heads]
    return _asked_or_told if declared.name == NAME and ACTION in heads else _unknown


def seed_of(classifier: Classifier) -> list[tuple[str, Labels]]:
    """The messages that fit the classifier: those of the shipped one, while it has its heads."""
    if classifier.name != NAME:
        return []
    lines = map(json.loads, SEED.read_text("utf-8").splitlines())
    try:
        return [(line["text"], classifier.from_json(line["labels"])) for line in lines]
    except BoundaryError:
        return []  # a home's own file gave it other heads


def _asked_or_told(message: str) -> Labels:
    from valence.conversation.questions import understand

    found = understand(message)
    if found.asked and found.told:
        return ()
    return ((ACTION, ASK if found.asked else TELL),)


def _unknown(_: str) -> Labels:
    return ()
