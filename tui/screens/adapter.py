"""One adapter: its lineage, its gate, and base, previous and candidate item by item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static
from textual.widgets.option_list import Option

from store.adapters import Adapter
from tui import adapter_words as say
from tui import render
from tui.widgets.key_line import KeyLine
from tui.widgets.listing import Listing
from valence.app import Valence
from valence.comparison import ItemByItem, item_by_item
from valence.errors import AdapterError
from valence.unit import load_unit

if TYPE_CHECKING:
    from tui.screens.learning import LearningPage


@dataclass(frozen=True)
class Told:
    """All that is known of an adapter; `compared` is None where nothing can be compared."""

    adapter: Adapter
    ancestors: tuple[Adapter, ...]
    examples: int
    gate: str
    metrics: dict[str, Any]
    compared: ItemByItem | None


class AdapterScreen(ModalScreen[None]):
    """The adapter of this id; `page` promotes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Back", key_display="Esc"),
        Binding("d", "differing", "All items or differing ones"),
        Binding("P", "promote", "Promote"),
    ]
    DEFAULT_CSS = """
    AdapterScreen > Vertical { background: $background; padding: 1 2 0 2; }
    AdapterScreen Static { height: auto; }
    AdapterScreen .part { margin-top: 1; }
    AdapterScreen #heading { margin-top: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, page: LearningPage, adapter_id: str) -> None:
        super().__init__()
        self._page, self._adapter_id = page, adapter_id
        self._told: Told | None = None
        self._differing = True
        self._title, self._origin = Static(), Static(classes="part")
        self._metrics, self._heading = Static(classes="part"), Static(id="heading")
        self._items = Listing()

    def compose(self) -> ComposeResult:
        with Vertical():
            yield self._title
            yield self._origin
            yield self._metrics
            yield self._heading
            yield self._items
        yield KeyLine()

    def on_mount(self) -> None:
        valence = self._page.session.valence
        self._page.load(lambda: learn_of(valence, self._adapter_id), self._show)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "promote" or self._can_serve()

    def _can_serve(self) -> bool:
        """Whether it does not serve yet, and may."""
        if self._told is None or self._page.session.read_only:
            return False
        return self._told.adapter.state in ("candidate", "shadow", "retired")

    def action_promote(self) -> None:
        if self._told is not None:
            self.dismiss()
            self._page.promote(self._told.adapter.id, self._told.adapter.boundary)

    def action_differing(self) -> None:
        self._differing = not self._differing
        self._show_items()

    def _show(self, told: Told) -> None:
        if not self.is_attached:
            return
        self._told = told
        self._title.update(say.title(told.adapter))
        self._origin.update(say.origin(told.adapter, told.ancestors, told.examples, told.gate))
        self._metrics.update(say.metrics(told.metrics))
        self._metrics.display = bool(told.metrics)
        self.refresh_bindings()
        self._show_items()

    def _show_items(self) -> None:
        found = self._told.compared if self._told else None
        self._items.clear_options()
        if found is None:
            self._heading.update(render.text("No held-out item to compare it on.", render.QUIET))
            return
        self._heading.update(say.heading(found, self._differing))
        shown = [item for item in found.items if item.differs or not self._differing]
        self._items.add_options([Option(say.item(item, found.names)) for item in shown])
        self._items.focus()


def learn_of(valence: Valence, adapter_id: str) -> Told:
    """In a thread: the adapter from the stores."""
    adapters = valence.stores.adapters
    adapter = adapters.get(adapter_id)
    run = valence.stores.runs.get(adapter.run_id) if adapter.run_id else None
    return Told(
        adapter=adapter,
        ancestors=tuple(_ancestors(valence, adapter)),
        examples=len(adapters.lineage(adapter.id)),
        gate=load_unit(adapter, valence.locations.adapters).gate.sentence,
        metrics=(run.result or {}).get("metrics", {}) if run else {},
        compared=_compared(valence, adapter),
    )


def _ancestors(valence: Valence, adapter: Adapter) -> list[Adapter]:
    found: list[Adapter] = []
    while adapter.parent_id is not None:
        adapter = valence.stores.adapters.get(adapter.parent_id)
        found.append(adapter)
    return found


def _compared(valence: Valence, adapter: Adapter) -> ItemByItem | None:
    try:
        return item_by_item(valence, adapter.id)
    except AdapterError:
        return None
