"""`valence boundaries`: what there is to learn, and the labels of a classifier by hand."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from valence.app import Valence
from valence.boundaries.base import Boundary
from valence.boundaries.classifier import Classifier
from valence.cli.names import BOUNDARY, CLASSIFIER, tell_broken
from valence.cli.output import emit, json_option, note, printable, table


@click.group()
def boundaries() -> None:
    """Boundaries: list, show; a classifier's labels: similar, rename, merge."""


@boundaries.command("list")
@json_option
def list_boundaries(as_json: bool) -> None:
    """All of them, with what each learns by."""
    with Valence.open() as app:
        found = [_record(app, app.boundaries.get(name)) for name in app.boundaries.names()]
        tell_broken(app.boundaries)
    if as_json:
        for record in found:
            emit(record)
        return
    rows = [(r["boundary"], r["learner"], ", ".join(r["heads"]), r["trained"]) for r in found]
    table(("boundary", "learns by", "heads", "trained on"), rows)


@boundaries.command()
@click.argument("name", type=BOUNDARY)
@json_option
def show(name: str, as_json: bool) -> None:
    """One boundary: its labels, its examples, and what its quality gate left out."""
    from valence.label_use import counts

    with Valence.open() as app:
        boundary = app.boundaries.get(name)
        record = _record(app, boundary)
        if isinstance(boundary, Classifier):
            record["labels"] = {head: counts(app, boundary, head) for head in boundary.heads}
    if as_json:
        emit(record)
        return
    for head, labels in record.get("labels", {}).items():
        used = ", ".join(f"{printable(label)} {count}" for label, count in labels.items())
        click.echo(f"{head}: {used or 'no labels yet'}")
    click.echo("examples: " + _listed(record["examples"]))
    click.echo("by origin: " + _listed(record["origins"]))
    click.echo("left out: " + _listed(record["left_out"]))
    schedule = f", and {record['schedule']}" if record["schedule"] else ""
    click.echo(f"trains by itself at {record['trigger_examples']} new examples{schedule}")
    if any(len(labels) > 1 for labels in record.get("labels", {}).values()):
        note(f"`valence boundaries similar {name}` tells which labels may mean the same")


@boundaries.command()
@click.argument("name", type=CLASSIFIER)
@json_option
def similar(name: str, as_json: bool) -> None:
    """Labels of NAME that may mean the same, for `merge`, or `merge --not`."""
    from valence.cli.training import Progress
    from valence.label_use import alike

    with Valence.open() as app, Progress(name) as progress:
        classifier = app.boundaries.classifier(name)
        by_head = [alike(app, classifier, head, progress) for head in classifier.heads]
    found = [pair for pairs in by_head for pair in pairs]
    if as_json:
        for pair in found:
            emit(asdict(pair))
        return
    table(
        ("head", "label", "like", "cosine"), [(p.head, p.first, p.second, p.cosine) for p in found]
    )


@boundaries.command()
@click.argument("name", type=CLASSIFIER)
@click.argument("head")
@click.argument("old", metavar="FROM")
@click.argument("new", metavar="INTO")
def rename(name: str, head: str, old: str, new: str) -> None:
    """Call label FROM of HEAD by the name INTO; examples and heads follow."""
    from valence.boundaries.editing import rename

    with Valence.open() as app:
        rename(app.boundaries, name, head, old, new)
    note(f"{head} {old!r} of {name} is called {new!r} from now on")


@boundaries.command()
@click.argument("name", type=CLASSIFIER)
@click.argument("head")
@click.argument("old", metavar="FROM")
@click.argument("new", metavar="INTO")
@click.option("--not", "different", is_flag=True, help="They are two; do not propose it again.")
def merge(name: str, head: str, old: str, new: str, different: bool) -> None:
    """Have label INTO of HEAD stand for FROM as well; examples and heads follow."""
    from valence.boundaries.editing import merge, part

    with Valence.open() as app:
        (part if different else merge)(app.boundaries, name, head, old, new)
    told = "stay two" if different else f"are {new!r} from now on"
    note(f"{head} {old!r} and {new!r} of {name} {told}")


def _record(app: Valence, boundary: Boundary[Any, Any]) -> dict[str, Any]:
    examples, defaults = app.stores.examples, boundary.training_defaults
    active = app.stores.adapters.active(boundary.name)
    return {
        "boundary": boundary.name,
        "learner": boundary.learner,
        "heads": list(boundary.heads) if isinstance(boundary, Classifier) else [],
        "examples": examples.counts(boundary.name),
        "origins": examples.origins(boundary.name),
        "left_out": examples.drop_reasons(boundary.name),
        "trigger_examples": defaults.trigger_examples or app.settings.training.trigger_examples,
        "schedule": defaults.schedule,
        "trained": len(app.stores.adapters.lineage(active.id)) if active else None,
    }


def _listed(found: dict[str, int]) -> str:
    return ", ".join(f"{count} {printable(name)}" for name, count in found.items()) or "none"
