"""Both boundaries: their four forms agree, and nothing half-read passes."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.prompting import LINES, TAGS, Markers
from valence.boundaries import BOUNDARIES, get
from valence.boundaries.triples import Triples
from valence.errors import InvalidInput, InvalidOutput, UnknownBoundary

decompose = get("decompose")
recompose = get("recompose")

# a busy machine is no finding
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

FORMS = pytest.mark.parametrize("markers", [LINES, TAGS], ids=["lines", "tags"])

NASTY = [
    "|", " | ", "\\|", "\\", "\\\\|", "a | b", "<", ">", "<t>", "<r> ", "<\\o>", "<\\\\t>", "<t",
    "t>", "\u2028", "\x85", "\x0b", "\u00a0", "e\u0301", "\u0301", "\u0338", "\u202e", "\u200d",
    "👩‍👧", "İ", "ß", "ﬁ", "א", "漢字", '"', "[masked:card]", "</s>", "<sep>", "<|im_end|>", "\x00",
    "\x1b[31m",
]  # fmt: skip
pieces = st.one_of(st.sampled_from(NASTY), st.text(max_size=6))
texts = st.lists(pieces, min_size=1, max_size=5).map("".join)
parts = texts.filter(lambda text: bool(text.strip()))
triples = st.lists(st.tuples(parts, parts, parts), min_size=1, max_size=4)


def of(*rows: tuple[str, str, str]) -> Triples:
    found: Triples = decompose.from_json({"triples": [list(row) for row in rows]})
    return found


# -- the forms -------------------------------------------------------------------------------------


@FORMS
@UNTIMED
@given(rows=triples)
def test_triples_read_back_from_the_compact_form(
    markers: Markers, rows: list[tuple[str, str, str]]
) -> None:
    output = of(*rows)
    raw = decompose.write(output, markers)
    assert decompose.read(raw, markers) == output
    assert decompose.read(f"\n {raw} \n", markers) == output
    assert decompose.stop not in raw


@FORMS
@UNTIMED
@given(text=parts)
def test_text_reads_back_from_the_compact_form(markers: Markers, text: str) -> None:
    output = recompose.from_json({"text": text})
    raw = recompose.write(output, markers)
    assert recompose.read(raw, markers) == output
    assert recompose.stop not in raw


@UNTIMED
@given(rows=triples)
def test_triples_read_back_from_json_and_ledger_text(rows: list[tuple[str, str, str]]) -> None:
    output = of(*rows)
    assert decompose.from_json(decompose.to_json(output)) == output
    assert decompose.output_from_text(decompose.output_text(output)) == output
    assert recompose.input_from_text(recompose.input_text(output)) == output


@UNTIMED
@given(rows=triples)
def test_normal_triples_are_clean_and_each_there_once(rows: list[tuple[str, str, str]]) -> None:
    output = of(*rows, *rows)
    assert len(set(output)) == len(output)
    for part in (part for triple in output for part in triple):
        assert part == " ".join(part.split()) != ""
        assert unicodedata.is_normalized("NFC", part)


@FORMS
@UNTIMED
@given(text=parts)
def test_what_the_text_says_can_be_copied_literally(markers: Markers, text: str) -> None:
    """The local model sees a value in the input as it has to write it."""
    output = of((text, "r", "o"))
    assert output[0][0] in " ".join(
        unicodedata.normalize("NFC", decompose.input_from_text(text)).split()
    )
    seen = decompose.local_user(output[0][0], markers)
    assert seen in decompose.write(output, markers)


def test_the_two_compact_forms() -> None:
    output = of(("Ada", "bornIn", "London"), ("Ada", "field", "maths"))
    assert decompose.write(output, LINES) == "Ada | bornIn | London\nAda | field | maths"
    assert decompose.write(output, TAGS) == ("<t> Ada<r> bornIn<o> London<t> Ada<r> field<o> maths")


# -- reading strictly ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        "Ada",
        "Ada | bornIn",
        "Ada | bornIn | ",
        "Ada | bornIn | London | 1815",
        " | bornIn | London",
        "Ada | bornIn | London\nand so on",
        "Here they are:\nAda | bornIn | London",
    ],
)
def test_lines_that_are_no_full_triples_are_refused(raw: str) -> None:
    with pytest.raises(InvalidOutput):
        decompose.read(raw, LINES)


@pytest.mark.parametrize(
    "raw",
    [
        "Ada",
        "<t> Ada<r> bornIn",
        "<t> Ada<r> bornIn<o>",
        "<t><r> bornIn<o> London",
        "<t> Ada<o> London<r> bornIn",
        "<t> Ada<r> bornIn<o> London<o> Kent",
        "<t> Ada<r> bornIn<r> in<o> London",
        "<t> Ada<r> bornIn<o> London<t>x",
        "so: <t> Ada<r> bornIn<o> London",
    ],
)
def test_tag_groups_that_are_no_full_triples_are_refused(raw: str) -> None:
    with pytest.raises(InvalidOutput):
        decompose.read(raw, TAGS)


@FORMS
@UNTIMED
@given(raw=texts)
def test_reading_anything_gives_triples_or_a_clear_error(markers: Markers, raw: str) -> None:
    try:
        output = decompose.read(raw, markers)
    except InvalidOutput:
        return
    assert all(len(triple) == 3 and all(triple) for triple in output)


@pytest.mark.parametrize(
    "data",
    [
        None, 7, "text", {}, {"triples": None}, {"triples": "x"}, {"triples": [["a", "b"]]},
        {"triples": [["a", "b", "c", "d"]]}, {"triples": [["a", "b", 3]]}, {"triples": ["abc"]},
        {"triples": [["a", " ", "c"]]}, {"triples": [["a", "b", "\ud800"]]}, {"text": "x"},
        {"triples": [{"subject": "a", "relation": "b", "object": "c"}]},
    ],
)  # fmt: skip
def test_json_that_is_no_triples_is_refused(data: object) -> None:
    with pytest.raises(InvalidOutput):
        decompose.from_json(data)


@pytest.mark.parametrize("data", [None, 7, [], {}, {"text": 1}, {"text": "\n "}, "\udfff", " "])
def test_json_that_is_no_text_is_refused(data: object) -> None:
    with pytest.raises(InvalidOutput):
        recompose.from_json(data)


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "{}", '[["a","b"]]', "[" * 5000])
def test_input_that_is_no_triples_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        recompose.input_from_text(text)


@pytest.mark.parametrize("text", ["", " \n", "\ud800"])
def test_input_that_is_no_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        decompose.input_from_text(text)


def test_too_many_triples_are_no_input() -> None:
    rows = [["a", "b", str(number)] for number in range(21)]
    with pytest.raises(InvalidInput, match="21 triples"):
        recompose.input_from_text(json.dumps({"triples": rows}))


def test_what_a_person_types_is_taken() -> None:
    assert decompose.output_from_text('[["Ada", "bornIn", "London"]]') == of(
        ("Ada", "bornIn", "London")
    )
    assert recompose.output_from_text("Ada was born\nin London.") == "Ada was born in London."
    assert recompose.output_from_text('{"text": "Ada."}') == "Ada."
    with pytest.raises(InvalidOutput, match="Give"):
        decompose.output_from_text("Ada was born in London")


# -- checks and judgements -------------------------------------------------------------------------

TEXT = "Ada Lovelace was born in London on 10 December 1815."
FACTS = of(
    ("Ada Lovelace", "birthPlace", "London"), ("Ada Lovelace", "birthDate", "10 December 1815")
)


def test_decompose_vetoes() -> None:
    assert decompose.vetoes(TEXT, FACTS) is None
    assert decompose.vetoes(TEXT, ()) == "no triples from a text"
    many = of(*(("a", "b", str(number)) for number in range(21)))
    assert "more than 20" in decompose.vetoes(TEXT, many)
    assert "empty part" in decompose.vetoes(TEXT, (("a", "", "c"),))


@pytest.mark.parametrize(
    ("value", "text", "vetoed"),
    [
        ("London", "She lives in LONDON.", False),
        ("London", "She lives in Paris.", True),
        ("2014-07-23", "It opened on July 23rd, 2014.", False),
        ("2014-07-23", "It opened on July 24, 2014.", True),
        ("1101.0", "It is 1,101 metres long.", False),
        ("3.5 (kilograms)", "It weighs 3.5 kg.", False),
        ("New_York_City", "He is from New York City.", False),
        ("?!", "Nothing of it.", True),
    ],
)
def test_recompose_vetoes_a_value_that_is_not_said(value: str, text: str, vetoed: bool) -> None:
    reason = recompose.vetoes(of(("It", "is", value)), "It: " + text)
    assert (reason is not None) is vetoed


def test_grounded_asks_for_the_letter() -> None:
    assert decompose.grounded(TEXT, FACTS)
    assert decompose.grounded(TEXT.upper(), FACTS)
    assert not decompose.grounded(TEXT, of(("Ada Lovelace", "bornIn", "Londinium")))
    assert recompose.grounded(FACTS, TEXT)
    assert not recompose.grounded(FACTS, "Ada Lovelace was born in London.")


def test_decompose_judges_by_sets() -> None:
    reversed_facts = tuple(reversed(FACTS))
    assert decompose.correct(reversed_facts, FACTS, TEXT)
    assert not decompose.correct(FACTS[:1], FACTS, TEXT)
    assert decompose.score(FACTS[:1], FACTS) == pytest.approx(2 / 3)
    assert decompose.score((), ()) == 1.0
    assert decompose.score((), FACTS) == 0.0


def test_recompose_judges_by_values_and_wording() -> None:
    assert recompose.correct("Ada Lovelace was born on 10 December 1815 in London.", TEXT, FACTS)
    assert not recompose.correct(TEXT.replace("London", "Paris"), TEXT, FACTS)
    assert not recompose.correct("Ada Lovelace; London; 10 December 1815", TEXT * 4, FACTS)
    assert recompose.score(TEXT, TEXT) == pytest.approx(1.0)
    assert recompose.score("qqq", TEXT) < 0.1


@pytest.mark.parametrize("name", ["decompose", "recompose"])
@UNTIMED
@given(rows=triples, text=parts)
def test_features_are_finite_and_always_the_same(
    name: str, rows: list[tuple[str, str, str]], text: str
) -> None:
    facts: Any = of(*rows)
    pair = (text, facts) if name == "decompose" else (facts, text)
    features = get(name).features(*pair)
    own = {"n_triples", "builtin_agreement"} if name == "recompose" else set()
    assert set(features) == {"literal_share", "text_covered"} | own
    assert all(0 <= features[name] <= 1 for name in features.keys() - {"n_triples"})


def test_features_of_known_answers() -> None:
    features = decompose.features(TEXT, FACTS)
    assert features["literal_share"] == 1.0
    assert features["text_covered"] == pytest.approx(34 / 52)
    assert decompose.features(TEXT, ())["literal_share"] == 0.0


def test_agreement_with_the_templates_is_a_feature() -> None:
    by_template = recompose.features(FACTS, recompose.builtin(FACTS))
    assert by_template["builtin_agreement"] == pytest.approx(1.0)
    assert recompose.features(FACTS, "qqq")["builtin_agreement"] < 0.1


# -- parts of an output ----------------------------------------------------------------------------


@FORMS
@UNTIMED
@given(rows=triples, text=parts)
def test_each_triple_of_what_was_written_is_a_part(
    markers: Markers, rows: list[tuple[str, str, str]], text: str
) -> None:
    output = of(*rows)
    raw = decompose.write(output, markers)
    found = decompose.parts(text, output, raw, markers)
    assert len(found) == len(output) == len(decompose.facts(text, output))
    assert all(part.keys() == decompose.features(text, output).keys() for part in found)
    assert raw.count(decompose.separator(markers)) >= len(output) - 1


@FORMS
@UNTIMED
@given(raw=texts)
def test_parts_are_those_of_the_output_or_none(markers: Markers, raw: str) -> None:
    try:
        output = decompose.read(raw, markers)
    except InvalidOutput:
        return
    assert len(decompose.parts("", output, raw, markers)) in (0, len(output))


@FORMS
def test_a_part_has_the_features_of_its_own_triple(markers: Markers) -> None:
    floor = decompose.builtin(TEXT)
    output = (*floor, ("Ada Lovelace", "livesIn", "Paris"))
    *known, made_up = decompose.parts(TEXT, output, decompose.write(output, markers), markers)
    assert {part["literal_share"] for part in known} == {1.0}
    assert made_up["literal_share"] == 0.5


@FORMS
def test_pieces_that_are_not_the_output_one_to_one_have_no_parts(markers: Markers) -> None:
    raw = decompose.write(FACTS, markers)
    twice = raw + decompose.separator(markers) + raw.removeprefix(markers.start)
    assert decompose.read(twice, markers) == FACTS
    assert decompose.parts(TEXT, FACTS, twice, markers) == ()
    assert decompose.parts(TEXT, tuple(reversed(FACTS)), raw, markers) == ()
    assert decompose.parts(TEXT, FACTS[:1], raw, markers) == ()


def test_a_line_that_another_break_divides_is_no_part() -> None:
    """Two pieces, two triples once the repeated one is dropped, and yet not one to one."""
    raw = "Ada | a | b\x0bAda | a | c\nAda | a | b"
    output = decompose.read(raw, LINES)
    assert len(output) == len(raw.split("\n"))
    assert decompose.parts(TEXT, output, raw, LINES) == ()


def test_a_text_is_one_piece() -> None:
    assert recompose.separator(TAGS) == ""
    assert recompose.parts(FACTS, TEXT, TEXT, TAGS) == ()
    assert recompose.facts(FACTS, TEXT) == FACTS


# -- declarations ----------------------------------------------------------------------------------


@pytest.mark.parametrize("boundary", BOUNDARIES.values(), ids=BOUNDARIES.keys())
def test_declarations(boundary: Any) -> None:
    assert boundary.name in boundary.system
    assert "JSON only" in boundary.frontier_system
    assert boundary.schema["additionalProperties"] is False
    assert boundary.schema["required"] == list(boundary.schema["properties"])
    assert boundary.stop
    assert boundary.prompt_version


def test_an_unknown_boundary_is_named_with_the_known_ones() -> None:
    with pytest.raises(UnknownBoundary, match=r"no boundary 'compose'.*decompose, recompose"):
        get("compose")


def test_the_frontier_sees_the_input_verbatim() -> None:
    assert decompose.frontier_user(TEXT + "\n ") == TEXT + "\n "
    facts = of(("Ödön", "von", "漢字"))
    assert recompose.frontier_user(facts) == '{"triples": [["Ödön", "von", "漢字"]]}'


def test_near_duplicates_share_their_key() -> None:
    assert decompose.group_key("Ada  was BORN, in 1815!") == decompose.group_key(
        "ada was born in 1815"
    )
    assert decompose.group_key("born in 1815") != decompose.group_key("born in 1816")
    assert recompose.group_key(FACTS) == recompose.group_key(tuple(reversed(FACTS)))
    assert recompose.group_key(of(("a b", "c", "d"))) != recompose.group_key(of(("a", "b c", "d")))


def test_tokens_grow_with_the_input_up_to_a_bound() -> None:
    assert decompose.max_tokens("a" * 10) < decompose.max_tokens("a" * 400)
    assert decompose.max_tokens("漢" * 100_000) == decompose.max_tokens("a" * 100_000)
    assert recompose.max_tokens(FACTS) > 64


def test_the_builtin_floor_answers() -> None:
    facts = decompose.builtin("Ada Lovelace was born in London.")
    assert decompose.from_json(decompose.to_json(facts)) == facts
    assert isinstance(recompose.builtin(FACTS), str)
