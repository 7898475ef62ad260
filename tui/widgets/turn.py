"""One turn of the conversation: what was said, the answer, and the quiet line under it.

Plain prose is one widget, drawn once for a width; an answer with Markdown in it is laid out by
three within, which costs five times as much. Knows no store.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widgets import Static

from tui import render
from valence.conversation.provenance import Told

if TYPE_CHECKING:
    from textual.timer import Timer
    from textual.widgets import Markdown

MARKDOWN = re.compile(r"[*_`|]\S|^(?:#{1,6}|[-+*>]|\d+[.)])\s|^\s*(?:```|---)", re.MULTILINE)

BETWEEN = 4
"""An answer under way is drawn again after so many times what drawing it took: keys come first."""
SOON_S = 0.01


class Part(Static):
    """A piece of a turn; sources in it can be clicked."""

    def action_source(self, number: int) -> None:
        if isinstance(self.parent, TurnView):
            self.parent.action_source(number)


class TurnView(Static, can_focus=True):
    """A turn; it grows while the answer is being said."""

    DEFAULT_CSS = """
    TurnView { height: auto; margin-bottom: 1; padding: 0 1; border-left: blank; }
    TurnView:focus { border-left: outer $primary; }
    TurnView, TurnView Part {
        link-color: $text-muted; link-style: none; link-background: transparent;
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
        self._due: Timer | None = None
        self._pause_s = SOON_S
        self._rich: tuple[Part, Markdown, Part] | None = None
        self.update(self._prose(self._foot()))  # before it is laid out for the first time

    @property
    def answer(self) -> str:
        """The answer as far as it has been said."""
        if self.told is not None and self.told.turn.answer is not None:
            return str(self.told.turn.answer["answer"])
        return " ".join([*self._parts, self._piece]).strip()

    def action_source(self, number: int) -> None:
        self.post_message(self.SourceWanted(self, number))

    async def on_mount(self) -> None:
        if MARKDOWN.search(self.answer):
            await self._draw(self._foot())

    async def heard(self, name: str, text: str) -> None:
        """A piece of the answer (`words`), that all pieces of this part count no longer (`unsaid`),
        or a part that is whole (`said`)."""
        if name == "words":
            self.told = None  # another answer takes the place of the one that was kept
        if name == "said":
            self._parts.append(text)
        self._piece = self._piece + text if name == "words" else ""
        if self._due is None and self.is_attached:
            self._due = self.set_timer(self._pause_s, self._catch_up)

    async def _catch_up(self) -> None:
        """Draws all that has been heard by now, unless something else has been drawn since."""
        if self._due is None:
            return
        started = time.monotonic()
        await self._draw(render.waiting("…"))
        self._pause_s = max(SOON_S, BETWEEN * (time.monotonic() - started))

    async def show(self, told: Told) -> None:
        """The turn as it is kept."""
        self.told, self.question = told, told.turn.question  # secrets in it are masked by now
        self._parts, self._piece = [], ""
        await self._draw(self._foot())

    async def wait(self, what: str) -> None:
        """Something is being done about the answer."""
        await self._draw(render.waiting(what))

    async def failed(self, sentence: str) -> None:
        """Why there is no answer; what was being said of one counts no longer."""
        self._piece = ""
        await self._draw(render.failure(sentence))

    async def _draw(self, foot: Content) -> None:
        if self._due is not None:
            self._due.stop()
            self._due = None
        if MARKDOWN.search(self.answer):
            await self._lay_out(foot)
            return
        self.update(self._prose(foot))
        if self._rich is not None:
            await self.remove_children(self._rich)
            self._rich = None

    def _prose(self, foot: Content) -> Content:
        """All of the turn, where it is one text."""
        said = [render.said(self.answer)] if self.answer else []
        return Content("\n").join([render.told(self.question), *said, *self._facts(), foot])

    async def _lay_out(self, foot: Content) -> None:
        from textual.widgets import Markdown

        told, text = render.told(self.question), render.safe(self.answer)
        below = Content("\n").join([*self._facts(), foot])
        if self._rich is None:
            self._rich = Part(told), Markdown(text, open_links=False), Part(below)
            await self.mount(*self._rich)
            self.update(Content(""))
            return
        top, laid, bottom = self._rich
        top.update(told)
        bottom.update(below)
        if text.startswith(laid.source):
            await laid.append(text[len(laid.source) :])
        else:
            await laid.update(text)

    def _foot(self) -> Content:
        """The quiet line of a turn as it is kept; of one that is not yet, that it comes."""
        if self.told is None:
            return render.waiting("thinking …")
        return render.provenance(self.told.provenance, self._citations())

    def _size_updated(
        self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True
    ) -> bool:
        """Nothing in a turn scrolls: its size asks for no second layout of the screen."""
        return super()._size_updated(size, virtual_size, container_size, layout=False)

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
