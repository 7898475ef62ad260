"""`valence ask`: one turn of conversation, without the TUI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from valence.app import Valence
from valence.cli.output import emit, json_option, note, printable
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
    listen = nobody if as_json else _show
    with Valence.open() as app:
        if problem := glance(app):
            note(problem)
        if step is not None:
            reply = revising.retake(app, conversation or _latest(app), listen, step)
        else:
            reply = revising.ask(app, text or "", conversation, listen)
        _print(reply, as_json)
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


def _show(name: str, state: dict[str, Any]) -> None:
    """The answer as it comes, a line a part."""
    if name == "words":
        click.echo(printable(state["text"]), nl=False)
    elif name == "said":
        click.echo()


def _print(reply: Reply, as_json: bool) -> None:
    if as_json:
        emit(reply.to_json())
        return
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
