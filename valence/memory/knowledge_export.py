"""The believed facts as a file that other programs read: JSON lines, GraphML, N-Triples.

Written beside and renamed, so that a file is whole or not there. It knows the three forms; what
was superseded is not in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, TypeAlias, get_args
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from store.graph import Fact, Graph
from store.transfer import json_line
from store.whole import whole
from valence.errors import TransferError

GraphForm: TypeAlias = Literal["jsonl", "graphml", "ntriples"]
FORMS: tuple[GraphForm, ...] = get_args(GraphForm)

_LABEL = "<http://www.w3.org/2000/01/rdf-schema#label>"
_DATA = ("relation", "confidence", "origin", "valid_from", "valid_to", "recorded_at", "source_id")
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="name" for="node" attr.name="name" attr.type="string"/>"""
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = {code: f"\\u{code:04X}" for code in [*range(0x20), 0x7F]} | {
    ord("\\"): "\\\\", ord('"'): '\\"', ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t",
}  # fmt: skip


def export(graph: Graph, form: GraphForm, file: Path) -> int:
    """Write all believed facts to the file; how many there were. Raises TransferError."""
    lines, count = _LINES[form](graph), 0
    try:
        with whole(file) as beside, beside.open("w", encoding="utf-8", newline="\n") as out:
            for line, facts in lines:
                out.write(line + "\n")
                count += facts
    except OSError as error:
        raise TransferError(
            f"the facts could not be written ({error.strerror})", where=str(file)
        ) from error
    return count


Lines: TypeAlias = Iterator[tuple[str, int]]
"""Lines without their ends, each with the number of facts that it holds."""


def jsonl(graph: Graph) -> Lines:
    """One object a fact: its id, its triple, its times, how sure it is and where it is from."""
    for fact in graph.all_facts():
        yield json_line(fact_json(fact)), 1


def fact_json(fact: Fact) -> dict[str, object]:
    """A fact as JSON. Times are ISO 8601 UTC text, those of the world of any precision."""
    return {
        "id": fact.id,
        "triple": list(fact.triple),
        "valid_from": fact.valid_from,
        "valid_to": fact.valid_to,
        "recorded_at": fact.recorded_at,
        "superseded_at": fact.superseded_at,
        "superseded_by": fact.superseded_by,
        "confidence": round(fact.confidence, 4),
        "origin": fact.origin,
        "source": fact.source_id,
        "call_id": fact.call_id,
        "chunk_id": fact.chunk_id,
        "span": None if fact.span_start is None else [fact.span_start, fact.span_end],
    }


def graphml(graph: Graph) -> Lines:
    """Entities as nodes, facts as directed edges. What XML cannot hold (control characters)
    becomes U+FFFD."""
    yield _HEAD, 0
    for name in _DATA:
        kind = "double" if name == "confidence" else "string"
        yield f'<key id="{name}" for="edge" attr.name="{name}" attr.type="{kind}"/>', 0
    yield '<graph id="valence" edgedefault="directed">', 0
    for entity in graph.all_entities():
        yield (
            f'<node id={_attribute(entity.id)}><data key="name">{_xml(entity.name)}</data></node>',
            0,
        )
    for fact in graph.all_facts():
        yield _edge(fact), 1
    yield "</graph>\n</graphml>", 0


def ntriples(graph: Graph) -> Lines:
    """RDF 1.1 N-Triples: entities and relations as percent-encoded URNs, names as labels."""
    for entity in graph.all_entities():
        yield f"{_iri('entity', entity.name)} {_LABEL} {_literal(entity.name)} .", 0
    for fact in graph.all_facts():
        subject, object = _iri("entity", fact.subject), _iri("entity", fact.object)
        yield f"{subject} {_iri('relation', _camel(fact.relation_folded))} {object} .", 1


_LINES: dict[GraphForm, Callable[[Graph], Lines]] = {
    "jsonl": jsonl,
    "graphml": graphml,
    "ntriples": ntriples,
}


def _edge(fact: Fact) -> str:
    values = ((name, getattr(fact, name)) for name in _DATA)
    data = "".join(
        f'<data key="{name}">{_xml(str(value))}</data>'
        for name, value in values
        if value is not None
    )
    ends = f"source={_attribute(fact.subject_id)} target={_attribute(fact.object_id)}"
    return f"<edge id={_attribute(fact.id)} {ends}>{data}</edge>"


def _xml(text: str) -> str:
    # A bare carriage return would be read back as a line end.
    return escape(_NOT_XML.sub("\ufffd", text), {"\r": "&#13;"})


def _attribute(text: str) -> str:
    return quoteattr(_NOT_XML.sub("\ufffd", text))


def _iri(kind: str, name: str) -> str:
    return f"<urn:valence:{kind}:{quote(name, safe='')}>"


def _literal(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'


def _camel(folded: str) -> str:
    first, *others = folded.split() or [""]
    return first + "".join(word[:1].upper() + word[1:] for word in others)
