"""`valence ask`: one turn of conversation, without the TUI."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from valence.app import Valence
from valence.cli.output import emit, json_option, note, printable
from valence.cli.spoken import Spoken, is_live
from valence.conversation import revising
from valence.conversation.working import STEPS, nobody
from valence.errors import TurnError
from valence.learning import learn_turn
from valence.memory.catching_up import after_turn
from valence.notes.folder import glance

if TYPE_CHECKING:
    from valence.conversation.reply import Reply


@click.command()
@click.argument("text", required=False)
@click.option("--conversation", metavar="ID", help="Go on with this conversation.")
@click.option(
    "--from",
    "step",
    type=click.Choice(STEPS),
    help="Take the conversation's last turn again, from this step on; without --conversation that "
    "of the conversation last used.",
)
@json_option
def ask(text: str | None, conversation: str | None, step: str | None, as_json: bool) -> None:
    """Tell Valence something, or ask it: TEXT is one turn."""
    _check(text, step)
    listen = Spoken() if is_live() and not as_json else nobody
    with Valence.open() as app:
        if problem := glance(app):
            note(problem)
        if step is not None:
            reply = revising.retake(app, conversation or _latest(app), listen, step)
        else:
            reply = revising.ask(app, text or "", conversation, listen)
        if listen is nobody:
            _print_answer(reply, as_json)
        if not as_json:
            _print_origin(reply)
        learn_turn(app, reply.turn.conversation_id)
        after_turn(app)


def _check(text: str | None, step: str | None) -> None:
    if step is None and not (text or "").strip():
        raise click.UsageError("give a text, or --from STEP")
    if step is not None and text is not None:
        raise click.UsageError("--from takes the last turn again and goes without a text")


def _latest(app: Valence) -> str:
    """The conversation last used. Raises TurnError."""
    for conversation in app.memory.conversations.list(1, archived=True):
        return conversation.id
    raise TurnError("there is no turn to take again: no conversation is kept")


def _print_answer(reply: Reply, as_json: bool) -> None:
    if as_json:
        emit(reply.to_json())
    else:
        click.echo(printable(reply.answer))


def _print_origin(reply: Reply) -> None:
    """What the answer rests on, what was remembered, and whence it came."""
    for citation in reply.citations:
        source = citation.source
        name = (source.place or source.title) if source else "said by you"
        note(f"  [{citation.number}] {printable(name)} · {citation.recorded_at[:10]}")
    for remembered in reply.remembered:
        for triple in remembered["facts"]:
            note(f"  {printable(' | '.join(triple))}")
    note(
        f"  {reply.route} · {reply.reason} · {reply.latency_ms:.0f} ms · "
        f"conversation {reply.turn.conversation_id}"
    )
