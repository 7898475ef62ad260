from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from store.database import Database
from store.graph import Graph, Provenance
from valence.errors import TransferError
from valence.memory.knowledge import Knowledge
from valence.memory.knowledge_export import FORMS, GraphForm, export

NASTY = [
    ("Ada <&> \"Lovelace\" 'x'", "bornIn", "London\u2028\x07 ]]>"),
    ("Zürich 東京 😀", "is/part?of", "C:\\dir # 100%"),
]
NS = {"g": "http://graphml.graphdrawing.org/xmlns"}
TRIPLE = re.compile(r"<([^<>\"{}|^`\\\x00-\x20]+)> <([^<>\"{}|^`\\\x00-\x20]+)> (.+) \.")


@pytest.fixture
def graph(tmp_path: Path) -> Iterator[Graph]:
    db = Database(tmp_path / "home" / "valence.db")
    graph = Graph(db)
    facts = Knowledge(graph).learn(NASTY, Provenance(), valid_from="1815")
    (old,) = Knowledge(graph).learn([("Ada", "is", "gone")], Provenance())
    graph.supersede(old.id)
    assert len(facts) == 2
    yield graph
    db.close()


def test_json_lines(graph: Graph, tmp_path: Path) -> None:
    file = tmp_path / "out.jsonl"
    assert export(graph, "jsonl", file) == 2
    rows = [json.loads(line) for line in file.read_text("utf-8").split("\n")[:-1]]
    assert [tuple(row["triple"]) for row in rows] == [f.triple for f in graph.all_facts()]
    assert rows[0]["valid_from"] == "1815"
    assert rows[0]["span"] is None


def test_graphml_is_xml_that_another_library_reads(graph: Graph, tmp_path: Path) -> None:
    file = tmp_path / "out.graphml"
    assert export(graph, "graphml", file) == 2
    root = ElementTree.parse(file).getroot()
    names = [node.findtext("g:data", "", NS) for node in root.iterfind(".//g:node", NS)]
    assert NASTY[0][0] in names
    assert "London \ufffd ]]>" in names
    networkx = pytest.importorskip("networkx")
    read = networkx.read_graphml(file)
    edges = {(read.nodes[a]["name"], data["relation"]) for a, _, data in read.edges(data=True)}
    assert edges == {(subject, relation) for subject, relation, _ in NASTY}


def test_n_triples_have_whole_iris_and_escaped_literals(graph: Graph, tmp_path: Path) -> None:
    file = tmp_path / "out.nt"
    assert export(graph, "ntriples", file) == 2
    matches = [TRIPLE.fullmatch(line) for line in file.read_text("utf-8").split("\n")[:-1]]
    assert all(matches)
    parts = [match.groups() for match in matches if match]
    labels = {unquote(s.rpartition(":")[2]): o for s, p, o in parts if "label" in p}
    assert labels["C:\\dir # 100%"] == '"C:\\\\dir # 100%"'
    assert labels[NASTY[0][0]] == '"Ada <&> \\"Lovelace\\" \'x\'"'
    assert "\\u0007" in next(o for name, o in labels.items() if name.startswith("London"))
    facts = [(s, p) for s, p, o in parts if o.startswith("<")]
    assert len(facts) == 2
    assert facts[1][0].startswith("urn:valence:entity:Z%C3%BCrich%20")
    assert facts[0][1] == "urn:valence:relation:bornIn"


@pytest.mark.parametrize("form", FORMS)
def test_an_empty_graph_is_a_whole_file(tmp_path: Path, form: GraphForm) -> None:
    db = Database(tmp_path / "home" / "valence.db")
    assert export(Graph(db), form, tmp_path / "out") == 0
    assert (tmp_path / "out").exists()
    db.close()


def test_what_cannot_be_written_is_said_and_leaves_nothing(graph: Graph, tmp_path: Path) -> None:
    with pytest.raises(TransferError, match="could not be written"):
        export(graph, "jsonl", tmp_path / "no" / "such" / "folder.jsonl")
    (tmp_path / "taken").mkdir()
    with pytest.raises(TransferError):
        export(graph, "jsonl", tmp_path / "taken")
    assert not (tmp_path / "taken.tmp").exists()
