"""HTML as plain text: headings as `# …`, list items as `- …`, paragraphs apart.

What a browser would not show (scripts, styles, hidden elements) is left out. It follows nothing
and fetches nothing.
"""

from __future__ import annotations

import re
from typing import Any

from valence.errors import Unreadable

# fmt: off
DROPPED = frozenset({
    "head", "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "embed",
    "canvas", "audio", "video",
})
BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "dd", "details", "div", "dl",
    "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hr", "html", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table",
    "tbody", "tfoot", "thead", "tr", "ul",
})
# fmt: on
MARKS = {f"h{level}": "#" * level + " " for level in range(1, 7)} | {"li": "- "}
CELLS = frozenset({"td", "th"})
_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def html_text(markup: str) -> tuple[str, str]:
    """Title and text of a page. Raises Unreadable where there is nothing to parse."""
    from lxml import etree, html

    parser = html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True
    )
    try:
        page = html.document_fromstring(markup.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError) as error:
        raise Unreadable("no HTML can be found in it") from error
    writer = _Writer()
    steps = etree.iterwalk(page, events=("start", "end"))
    for event, element in steps:
        if event == "end":
            writer.leave(element)
        elif _is_unseen(element):
            steps.skip_subtree()
        else:
            writer.enter(element)
    title = page.findtext(".//title") or page.findtext(".//h1") or ""
    return title, writer.text()


def _is_unseen(element: Any) -> bool:
    return (
        element.tag in DROPPED
        or element.get("hidden") is not None
        or bool(_UNSEEN.search(element.get("style", "")))
    )


class _Writer:
    """Gathers runs of text into paragraphs, as it walks through the elements."""

    def __init__(self) -> None:
        self._paragraphs: list[str] = []
        self._runs: list[str] = []
        self._mark = ""
        self._kept = 0  # how many <pre> it stands in: there, white space means something

    def enter(self, element: Any) -> None:
        if element.tag in BLOCKS:
            self._end_paragraph()
            self._mark = MARKS.get(element.tag, self._mark)
        self._kept += element.tag == "pre"
        if element.tag == "br":
            self._runs.append("\n")
        self._runs.append(element.text or "")

    def leave(self, element: Any) -> None:
        unseen = _is_unseen(element)
        if element.tag in BLOCKS and not unseen:
            self._end_paragraph()
            self._mark = ""
        self._kept -= element.tag == "pre" and not unseen
        self._runs.append((element.tail or "") + (" " if element.tag in CELLS else ""))

    def text(self) -> str:
        self._end_paragraph()
        return "\n\n".join(self._paragraphs)

    def _end_paragraph(self) -> None:
        whole = "".join(self._runs)
        self._runs = []
        said = whole.strip("\n") if self._kept else " ".join(whole.split())
        if said.strip():
            self._paragraphs.append(self._mark + said)
            self._mark = ""
