"""`valence conversations`: what was said before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from store.conversations import Conversation
from valence.app import Valence
from valence.cli.output import emit, json_option, limit_option, note, printable, table
from valence.conversation.transcript import answer_of, turn_record, write


@click.group()
def conversations() -> None:
    """Conversations: list, show, search, export, archive."""


@conversations.command("list")
@click.option("--archived", is_flag=True, help="The archived ones too.")
@limit_option(20)
@json_option
def list_conversations(archived: bool, limit: int, as_json: bool) -> None:
    """The newest in use first."""
    with Valence.open() as app:
        kept = app.memory.conversations
        rows = [(each, len(kept.turns(each.id))) for each in kept.list(limit, archived)]
    if as_json:
        for conversation, turns in rows:
            emit(_record(conversation) | {"turns": turns})
        return
    table(
        ("conversation", "last used", "turns", "begins with"),
        [(each.id, each.updated_at[:19], turns, each.title) for each, turns in rows],
    )


@conversations.command()
@click.argument("conversation")
@click.option("--steps", is_flag=True, help="What each turn did, and the turns that were undone.")
@json_option
def show(conversation: str, steps: bool, as_json: bool) -> None:
    """The turns of a CONVERSATION, one JSON object a turn."""
    with Valence.open() as app:
        kept = app.memory.conversations
        turns = kept.turns(kept.get(conversation).id, undone=steps)
        done = {turn.id: kept.steps(turn.id) if steps else [] for turn in turns}
    for turn in turns:
        if as_json:
            each = [{"name": s.name, "state": s.state, "at": s.created_at} for s in done[turn.id]]
            emit(turn_record(turn) | ({"steps": each} if steps else {}))
            continue
        click.echo(f"> {printable(turn.question)}\n{printable(answer_of(turn))}")
        for step in done[turn.id]:
            note(f"  {step.name}: {printable(json.dumps(step.state, ensure_ascii=False))}")


@conversations.command()
@click.argument("query")
@limit_option(20)
@json_option
def search(query: str, limit: int, as_json: bool) -> None:
    """Turns whose question or answer has all the words of QUERY, newest first."""
    with Valence.open() as app:
        turns = app.memory.conversations.search(query, limit)
    if as_json:
        for turn in turns:
            emit(turn_record(turn))
        return
    rows = [(t.conversation_id, t.created_at[:19], t.question, answer_of(t)) for t in turns]
    table(("conversation", "at", "question", "answer"), rows)


@conversations.command()
@click.argument("conversation")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--format", "form", type=click.Choice(["markdown", "jsonl"]), default="markdown")
@json_option
def export(conversation: str, file: Path, form: str, as_json: bool) -> None:
    """Write a CONVERSATION to FILE, as Markdown to read or as JSON lines."""
    with Valence.open() as app:
        chosen = app.memory.conversations.get(conversation)
        turns = app.memory.conversations.turns(chosen.id)
    write(chosen, turns, file, form)
    if as_json:
        emit({"conversation": chosen.id, "turns": len(turns), "file": str(file), "format": form})
    else:
        note(f"{len(turns)} turns in {file}")


@conversations.command()
@click.argument("conversation")
@click.option("--undo", is_flag=True, help="Take it out of the archive.")
def archive(conversation: str, undo: bool) -> None:
    """Put a CONVERSATION out of the list; nothing of it is lost."""
    with Valence.open() as app:
        chosen = app.memory.conversations.get(conversation)
        app.memory.conversations.archive(chosen.id, archived=not undo)
    note(f"{chosen.id}: {'in the list again' if undo else 'archived'}")


def _record(conversation: Conversation) -> dict[str, Any]:
    return {
        "conversation": conversation.id,
        "title": conversation.title,
        "archived": conversation.archived,
        "created_at": conversation.created_at,
        "updated_at": conversation.updated_at,
    }
