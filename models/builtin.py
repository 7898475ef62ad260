"""The floor under every model: a reader and a writer made of patterns, at no cost at all."""

from __future__ import annotations

Triple = tuple[str, str, str]


def read(text: str) -> list[Triple]:
    """Facts stated in English `text` as (subject, relation, object), in order; [] when unsure."""
    return []


def write(triples: list[Triple]) -> str:
    """English sentences that state `triples`; facts of one subject are joined."""
    return ""
