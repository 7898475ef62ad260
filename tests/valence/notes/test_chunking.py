"""Texts in pieces: nothing lost, nothing twice, cut where a reader would."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from valence.notes.chunking import pieces

SECTION = "A sentence that says a little. " * 8


@given(st.text(alphabet="ab .\n#`~é\u2028", max_size=400), st.integers(5, 60))
def test_pieces_are_the_text_itself(text: str, most: int) -> None:
    found = pieces(text, most=most, least=most // 4)
    place = 0
    for piece in found:
        assert text[piece.start : piece.end] == piece.text
        assert piece.text == piece.text.strip() != ""
        assert len(piece.text) <= most
        assert piece.start >= place
        assert text[place : piece.start].strip() == ""
        place = piece.end
    assert text[place:].strip() == ""


def test_a_section_begins_a_piece_with_its_heading() -> None:
    text = f"# One\n\n{SECTION}\n\n## Two\n\n{SECTION}"
    assert [piece.text.splitlines()[0] for piece in pieces(text)] == ["# One", "## Two"]


def test_short_sections_are_put_together_and_no_heading_stands_alone() -> None:
    text = "# A\n\nx\n\n# B\n\ny\n\n# C\n\n" + SECTION * 4
    found = [piece.text for piece in pieces(text)]
    assert found[0] == "# A\n\nx\n\n# B\n\ny"
    assert found[1].startswith("# C\n\nA sentence")
    assert all(len(piece) <= 1000 for piece in found)


def test_a_long_paragraph_is_cut_after_sentences_else_between_words() -> None:
    found = pieces("One two three. Four five six. Seven eight nine.", most=32)
    assert [piece.text for piece in found] == ["One two three. Four five six.", "Seven eight nine."]
    assert [piece.text for piece in pieces("aaaa bbbb cccc", most=10)] == ["aaaa bbbb", "cccc"]
    assert [piece.text for piece in pieces("x" * 25, most=10)] == ["x" * 10, "x" * 10, "x" * 5]


def test_a_comment_in_a_fence_is_no_heading() -> None:
    text = f"{SECTION}\n\n```sh\n# not a heading\n\nmake\n```\n\nafter"
    assert len(pieces(text)) == 1


def test_an_edit_changes_its_own_section_only() -> None:
    sections = [f"# Part {i}\n\n{SECTION} {i}" for i in range(5)]
    before = {piece.text for piece in pieces("\n\n".join(sections))}
    sections[2] += " And more."
    after = {piece.text for piece in pieces("\n\n".join(sections))}
    assert len(before - after) == len(after - before) == 1
