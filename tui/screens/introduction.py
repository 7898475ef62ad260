"""The first run: three plain screens on the model, the frontier and privacy.

Each is one choice with an answer that can be taken without reading on. Esc leaves it at any time;
`/welcome` goes on where it was left. Knows nothing of what follows from the answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from models.keys import set_key, source
from models.machine import facts
from tui import render
from tui.session import Session
from tui.widgets.key_line import KeyLine
from tui.widgets.vim import VimList
from valence import fetching
from valence.recommending import BASES, choices, machine_in_words

STEPS = 3


@dataclass(frozen=True)
class Step:
    """One screen: what it is about, and what can be chosen (name, what speaks for it)."""

    title: str
    text: str
    choices: list[tuple[str, str]]
    suggested: int = 0


class Choices(VimList):
    """What can be chosen; the footer says how."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "Choose")]


class Introduction(Screen[None]):
    """Three choices, each kept at once. `place.introduction` is the next screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "back", "Back"),
        Binding("escape", "leave", "Skip", key_display="Esc"),
    ]
    DEFAULT_CSS = """
    Introduction { align: center middle; }
    Introduction > Vertical { width: 76; max-width: 100%; height: auto; padding: 0 1; }
    Introduction > Vertical > Static { padding: 0 1; }
    Introduction #title { text-style: bold; }
    Introduction #text { margin: 1 0; }
    Introduction VimList, Introduction VimList:focus {
        height: auto; border: none; padding: 0; background: $background;
        background-tint: transparent;
    }
    Introduction VimList > .option-list--option { padding: 0 1; }
    Introduction Input, Introduction Input:focus {
        margin-top: 1; display: none; border: none; height: 1; padding: 0 1; background: $panel;
        background-tint: transparent;
    }
    Introduction.named #model, Introduction.keyed #key { display: block; }
    Introduction #problem { margin-top: 1; height: auto; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._title, self._text = Static(id="title"), Static(id="text")
        self._list = Choices()
        self._model = Input(placeholder="Name of the model, as the provider writes it", id="model")
        self._key = Input(placeholder="API key; it goes into the keychain", password=True, id="key")
        self._problem = Static(id="problem")
        self._provider = ""

    def compose(self) -> ComposeResult:
        with Vertical():
            yield self._title
            yield self._text
            yield self._list
            yield self._model
            yield self._key
            yield self._problem
        yield KeyLine()

    def on_mount(self) -> None:
        self._session.place.introduction %= STEPS
        self._show()

    def _show(self) -> None:
        number = self._session.place.introduction
        step = self._steps[number]()
        self.remove_class("named", "keyed")
        self._title.update(
            Content.assemble(step.title, (f"  {number + 1} of {STEPS}", render.QUIET))
        )
        self._text.update(render.text(step.text))
        self._problem.update("")
        rows = [render.choice(*choice) for choice in step.choices]
        self._list.clear_options().add_options(map(Option, rows))
        self._list.highlighted = step.suggested
        self._list.focus()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is nothing to go back to from the first screen."""
        return action != "back" or self._session.place.introduction > 0

    @property
    def _steps(self) -> list[Callable[[], Step]]:
        return [self._about_model, self._about_frontier, self._about_privacy]

    # -- what is asked -------------------------------------------------------------------------

    def _about_model(self) -> Step:
        machine = facts()
        found = choices(machine)
        rows = [
            (
                f"{one.base.name}, {one.base.gigabytes:.1f} GB",
                f"{one.base.reads}{'; recommended for this machine' if one.recommended else ''}"
                f"{'' if one.fits else '; tight in this memory'}",
            )
            for one in found
        ]
        return Step(
            "A model of your own",
            f"This machine is {machine_in_words(machine)}. A small language model can live on it "
            "and learn from what you tell it. It is fetched in the background; you can begin now.",
            [*rows, ("Not now", "a builtin reader and writer answer until then")],
            next(place for place, one in enumerate(found) if one.recommended),
        )

    def _about_frontier(self) -> Step:
        return Step(
            "A teacher, if you want one",
            "A large model in the cloud can answer what your own cannot yet, and yours learns from "
            "it until it is needed no more. Without one, yours learns from your corrections.",
            [
                ("Stay local", "nothing leaves this machine"),
                ("Anthropic", self._key_found("anthropic")),
                ("OpenAI", self._key_found("openai")),
            ],
        )

    def _key_found(self, provider: str) -> str:
        where = source(provider)
        return f"a key is there, in the {where}" if where else "with a key of your own"

    def _about_privacy(self) -> Step:
        return Step(
            "What is kept, and what is learnt",
            f"All of it stays in {self._session.valence.locations.home}, for your eyes alone. "
            "Keys, tokens and card numbers are masked before anything else sees them. What may "
            "your model learn from?",
            [
                ("All calls", "what the frontier answers, and your corrections"),
                ("Corrections only", "what you set right yourself"),
                ("Nothing", "it stays as it is"),
            ],
        )

    # -- what is chosen ------------------------------------------------------------------------

    @on(OptionList.OptionSelected)
    def chosen(self, event: OptionList.OptionSelected) -> None:
        (self._take_model, self._take_frontier, self._take_privacy)[
            self._session.place.introduction
        ](event.option_index)

    def _take_model(self, index: int) -> None:
        if index >= len(BASES):
            self._next()
            return
        base, session = BASES[index], self._session
        if session.valence.settings.privacy.offline:
            self._problem.update(render.failure("offline is on, so nothing is fetched"))
            return
        session.fetch = fetching.start(session.valence.locations, base.model, base.gigabytes)
        self._next()

    def _take_frontier(self, index: int) -> None:
        self._provider = ("none", "anthropic", "openai")[index]
        if index == 0:
            self._keep("frontier.provider", "none")
            return
        self.add_class("named")
        self.set_class(source(self._provider) is None, "keyed")
        self._model.focus()

    @on(Input.Submitted)
    def frontier_named(self) -> None:
        """The model's name and the key are kept together, or neither."""
        model, key = self._model.value.strip(), self._key.value
        if not model:
            self._model.focus()
        elif self.has_class("keyed") and not key:
            self._key.focus()
        else:
            self._save(lambda: self._save_frontier(model, key))

    def _save_frontier(self, model: str, key: str) -> None:
        if key:
            set_key(self._provider, key)
        self._session.save("frontier.model", model)
        self._session.save("frontier.provider", self._provider)

    def _take_privacy(self, index: int) -> None:
        self._keep("privacy.learn", ("all", "corrections", "none")[index])

    def _keep(self, key: str, value: str) -> None:
        self._save(lambda: self._session.save(key, value))

    def _save(self, save: Callable[[], object]) -> None:
        """Goes on when it is kept, unless that has been done by then: Enter may be hit twice."""
        step = self._session.place.introduction

        def saved(_: object) -> None:
            if self.is_attached and self._session.place.introduction == step:
                self._next()

        self._session.jobs.run(save, saved, self._fail, "turns")

    def _fail(self, sentence: str) -> None:
        self._problem.update(render.failure(sentence))

    def _next(self) -> None:
        self._session.place.introduction += 1
        if self._session.place.introduction < STEPS:
            self._show()
        else:
            self.action_leave()

    def action_back(self) -> None:
        self._session.place.introduction -= 1
        self._show()

    def action_leave(self) -> None:
        self._session.place.introduced = True
        self.dismiss()
