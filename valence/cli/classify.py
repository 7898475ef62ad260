"""`valence classify`: what a message is about, by any classifier that there is."""

from __future__ import annotations

import click

from valence.app import Valence
from valence.cli.calls import answer_all, domain_option, input_lines
from valence.cli.names import CLASSIFIER
from valence.cli.output import INPUT, json_option


@click.command()
@click.argument("name", type=CLASSIFIER)
@click.argument("text", required=False)
@click.option("--file", type=INPUT, help="One message a line; - for stdin.")
@domain_option
@json_option
def classify(
    name: str, text: str | None, file: str | None, domain: str | None, as_json: bool
) -> None:
    """Label TEXT by the classifier NAME: one label a head, or unknown.

    `intent` is there; a TOML file in the home's boundaries/ that names heads makes another.
    """
    lines = [(1, text)] if text is not None and file is None else input_lines(text, file)
    with Valence.open() as app:
        answer_all(app, app.boundaries.get(name), lines, domain, as_json)
