"""A conversation as a file: Markdown to read, or JSON lines to work on. Knows no store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from store.conversations import Conversation, Turn
from store.transfer import json_line
from store.whole import write_whole
from valence.errors import TransferError


def write(
    conversation: Conversation, turns: Sequence[Turn], file: Path, form: str = "markdown"
) -> None:
    """Writes the turns to a file, as "markdown" or "jsonl". Raises TransferError."""
    text = _markdown(conversation, turns) if form == "markdown" else _json_lines(turns)
    try:
        write_whole(file, text)
    except OSError as error:
        raise TransferError(f"cannot be written: {error.strerror}", where=str(file)) from error


def answer_of(turn: Turn) -> str:
    """What was answered, or that nothing was yet."""
    return turn.answer["answer"] if turn.answer else "(interrupted; the next `ask` finishes it)"


def turn_record(turn: Turn) -> dict[str, Any]:
    """A turn as one JSON object."""
    return {
        "conversation": turn.conversation_id,
        "turn": turn.id,
        "parent": turn.parent_id,
        "question": turn.question,
        "state": turn.state,
        "created_at": turn.created_at,
        "answer": turn.answer["answer"] if turn.answer else None,
        "citations": turn.answer["citations"] if turn.answer else [],
    }


def _json_lines(turns: Sequence[Turn]) -> str:
    return "".join(json_line(turn_record(turn)) + "\n" for turn in turns)


def _markdown(conversation: Conversation, turns: Sequence[Turn]) -> str:
    parts = [f"# {conversation.title}\n\n{conversation.created_at}\n"]
    for turn in turns:
        asked = "\n".join(f"> {line}" for line in turn.question.splitlines())
        parts.append(f"{asked}\n\n{answer_of(turn)}\n")
        cited = turn.answer["citations"] if turn.answer else []
        parts += [f"{_cited(citation)}\n" for citation in cited]
    return "\n".join(parts)


def _cited(citation: dict[str, Any]) -> str:
    name = citation["place"] or citation["title"]
    return f"[{citation['number']}] {name}, {citation['recorded_at'][:10]}"
