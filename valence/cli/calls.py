"""`valence decompose` and `valence recompose`: the two boundaries at the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import click

from store.calls import Call
from valence.app import Valence
from valence.boundaries import get
from valence.boundaries.base import Boundary
from valence.cli.output import INPUT, emit, json_option, note, open_lines, printable
from valence.domains import DOMAINS, domain_name
from valence.errors import InvalidInput, ValenceError
from valence.learning import learn
from valence.predictors import TROUBLES
from valence.router import Answer


def _domain(_: click.Context, __: click.Parameter, name: str | None) -> str | None:
    try:
        return None if name is None else domain_name(name)
    except InvalidInput as error:
        raise click.BadParameter(str(error)) from error


domain_option = click.option(
    "--domain",
    callback=_domain,
    help=f"What it is about: {', '.join(DOMAINS)}, or a name of your own.",
)


@click.command()
@click.argument("text", required=False)
@click.option("--file", type=INPUT, help="One text a line; - for stdin.")
@domain_option
@json_option
def decompose(text: str | None, file: str | None, domain: str | None, as_json: bool) -> None:
    """Take facts out of TEXT: subject, relation, object."""
    lines = [(1, text)] if text is not None and file is None else input_lines(text, file)
    with Valence.open() as app:
        answer_all(app, get("decompose"), lines, domain, as_json)


@click.command()
@click.argument("triples", required=False)
@click.option("--file", type=INPUT, help='JSON lines of {"triples": …}; - for stdin.')
@domain_option
@json_option
def recompose(triples: str | None, file: str | None, domain: str | None, as_json: bool) -> None:
    """Say TRIPLES ({"triples": [[subject, relation, object], …]}) in words."""
    lines = [(1, triples)] if triples is not None and file is None else input_lines(triples, file)
    with Valence.open() as app:
        answer_all(app, get("recompose"), lines, domain, as_json)


def input_lines(text: str | None, file: str | None) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, with their numbers."""
    if text is not None and file is not None:
        raise click.UsageError("give either one input or --file, not both")
    if file is None and sys.stdin.isatty():
        raise click.UsageError("give an input, or --file F (- for stdin)")
    with open_lines(file or "-") as stream:
        for number, line in enumerate(stream, start=1):
            if line.strip():
                yield number, line.rstrip("\r\n")


def answer_all(
    app: Valence,
    boundary: Boundary[Any, Any],
    lines: Iterable[tuple[int, str]],
    domain: str | None,
    as_json: bool,
) -> None:
    """Each line a call; a line that is no input is named and skipped, the others go on."""
    skipped = 0
    for number, line in lines:
        try:
            value = boundary.input_from_text(line)
        except InvalidInput as error:
            note(f"line {number}: {error}")
            skipped += 1
            continue
        answer = app.router.call(boundary, value, domain=domain)
        _tell_why_not_asked(app, answer.call)
        _print(answer, as_json)
        learn(app, answer)
    if skipped:
        raise ValenceError(f"{skipped} line(s) were no input of {boundary.name} and were skipped")


def _tell_why_not_asked(app: Valence, call: Call) -> None:
    """Why the frontier was not asked for a better answer, where that is no choice of a person's."""
    if call.reason != "unverified" or any(a.route == "frontier" for a in call.attempts):
        return
    if (blocked := app.router.frontier.blocked()) in TROUBLES:
        note(f"frontier: not asked ({blocked})")


def _print(answer: Answer, as_json: bool) -> None:
    call = answer.call
    if call.masked:
        masked = ", ".join(f"{count} {kind}" for kind, count in call.masked.items())
        note(f"masked before anything else saw it: {masked}")
    for attempt in call.attempts:
        if call.reason == "unverified" and attempt.error:
            note(f"{attempt.route}: {printable(attempt.error)}")
    if as_json:
        emit(as_record(answer))
        return
    output = answer.boundary.to_json(answer.output)
    for triple in output.get("triples", []):
        click.echo(" | ".join(printable(part) for part in triple))
    for head, label in output.get("labels", {}).items():
        click.echo(f"{head}: {printable(label or 'unknown')}")
    if "text" in output:
        click.echo(printable(output["text"]))
    sure = "" if call.confidence is None else f" · confidence {call.confidence:.2f}"
    note(f"  {call.route} · {call.reason}{sure} · {call.latency_ms:.0f} ms · {call.id}")


def _said(call: Call) -> str | None:
    """What the local model wrote, where that is what was served."""
    served = [a for a in call.attempts if a.route == "local" and a.decision == "accepted"]
    return served[-1].response if served else None


def as_record(answer: Answer) -> dict[str, Any]:
    """The JSON line of one call, as DESIGN fixes it."""
    call, boundary = answer.call, answer.boundary
    given = json.loads(call.input) if boundary.name == "recompose" else call.input
    shown = given["triples"] if isinstance(given, dict) and "triples" in given else given
    return {
        "call_id": call.id,
        "input": shown,
        **boundary.to_json(answer.output),
        "route": call.route,
        "reason": call.reason,
        "confidence": boundary.confidence(call.confidence, _said(call)),
        "threshold": call.threshold,
        "latency_ms": round(call.latency_ms, 3),
        "cost_usd": call.cost_usd,
        **({"domain": call.domain} if call.domain else {}),
        **({"masked": call.masked} if call.masked else {}),
    }
