"""One turn of the conversation: what was said, the answer, and the quiet line under it.

Plain prose is one widget, drawn once for a width; an answer with Markdown in it gets one more that
lays it out, which costs five times as much. Knows no store.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui import render
from valence.conversation.provenance import Told

if TYPE_CHECKING:
    from textual.widgets import Markdown

MARKDOWN = re.compile(r"[*_`|]\S|^(?:#{1,6}|[-+*>]|\d+[.)])\s|^\s*(?:```|---)", re.MULTILINE)


class Part(Static):
    """A piece of a turn; sources in it can be clicked."""

    def action_source(self, number: int) -> None:
        if isinstance(self.parent, TurnView):
            self.post_message(TurnView.SourceWanted(self.parent, number))


class TurnView(Vertical, can_focus=True):
    """A turn; it grows while the answer is being said."""

    DEFAULT_CSS = """
    TurnView { height: auto; margin-bottom: 1; padding: 0 1; border-left: blank; }
    TurnView:focus { border-left: outer $primary; }
    TurnView Static {
        height: auto; link-color: $text-muted; link-style: none; link-background: transparent;
        link-background-hover: transparent; link-color-hover: $foreground;
        link-style-hover: underline;
    }
    TurnView Markdown { height: auto; margin: 0; padding: 0 0 0 2; background: transparent; }
    TurnView MarkdownBlock:last-child { margin-bottom: 0; }
    """

    class SourceWanted(Message):
        """A citation was clicked; `number` stands in the answer."""

        def __init__(self, view: TurnView, number: int) -> None:
            super().__init__()
            self.view, self.number = view, number

    def __init__(self, question: str, told: Told | None = None) -> None:
        super().__init__()
        self.question = question
        self.told = told
        self._parts: list[str] = []
        self._piece = ""
        self._top = Part()
        self._rich: tuple[Markdown, Part] | None = None

    @property
    def answer(self) -> str:
        """The answer as far as it has been said."""
        if self.told is not None and self.told.turn.answer is not None:
            return str(self.told.turn.answer["answer"])
        return " ".join([*self._parts, self._piece]).strip()

    def compose(self) -> ComposeResult:
        yield self._top

    async def on_mount(self) -> None:
        if self.told is None:
            await self._draw(render.waiting("thinking …"))
        else:
            await self.show(self.told)

    async def heard(self, name: str, text: str) -> None:
        """A piece of the answer (`words`), or a part of it that is whole (`said`)."""
        if name == "words":
            self._piece += text
        else:
            self._parts.append(text)
            self._piece = ""
        await self._draw(render.waiting("…"))

    async def show(self, told: Told) -> None:
        """The turn as it is kept."""
        self.told, self.question = told, told.turn.question  # secrets in it are masked by now
        await self._draw(render.provenance(told.provenance, self._citations()))

    async def wait(self, what: str) -> None:
        """Something is being done about the answer."""
        await self._draw(render.waiting(what))

    async def failed(self, sentence: str) -> None:
        """Why there is no answer."""
        await self._draw(render.failure(sentence))

    async def _draw(self, foot: Content) -> None:
        answer, told = self.answer, render.told(self.question)
        below = [*self._facts(), foot]
        if MARKDOWN.search(answer):
            self._top.update(told)
            await self._lay_out(render.safe(answer), Content("\n").join(below))
            return
        if self._rich is not None:
            await self.remove_children(self._rich)
            self._rich = None
        said = [render.said(answer)] if answer else []
        self._top.update(Content("\n").join([told, *said, *below]))

    async def _lay_out(self, text: str, below: Content) -> None:
        from textual.widgets import Markdown

        if self._rich is None:
            self._rich = Markdown(text, open_links=False), Part(below)
            await self.mount(*self._rich)
            return
        laid, foot = self._rich
        foot.update(below)
        if text.startswith(laid.source):
            await laid.append(text[len(laid.source) :])
        else:
            await laid.update(text)

    def _facts(self) -> list[Content]:
        answer = self.told.turn.answer if self.told is not None else None
        remembered = answer["remembered"] if answer else []
        return render.facts([triple for each in remembered for triple in each["facts"]])

    def _citations(self) -> list[tuple[int, str]]:
        """The number of each source, and what it is."""
        answer = self.told.turn.answer if self.told is not None else None
        found = answer["citations"] if answer else []
        return [
            (one["number"], f"{one['place'] or _said(one)}, {one['recorded_at'][:10]}")
            for one in found
        ]

    def on_markdown_link_clicked(self, event: Markdown.LinkClicked) -> None:
        """A link in an answer opens nothing; it says where it would go."""
        event.stop()
        self.notify(render.line(event.href), title="This link goes to", markup=False)


def _said(citation: dict[str, str]) -> str:
    return f"“{citation['title']}”" if citation["title"] else "said by you"
