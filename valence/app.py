"""The opened application: settings, stores, predictors and the router, wired once.

Opens the database at once and everything heavy at its first use, so that a command pays
only for what it does. Decides nothing itself.
"""

from __future__ import annotations

import os
import random
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any

from store.adapters import Adapter
from valence.config import Settings, load_settings
from valence.locations import Locations, find_locations
from valence.stores import Stores

if TYPE_CHECKING:
    from models.embedding import Embedder
    from models.folder import ModelFolder
    from models.frontier import Frontier
    from models.runtime import LocalRuntime
    from store.conversations import Turn
    from valence.assistant import Assistant
    from valence.boundaries.base import Boundary
    from valence.boundaries.registry import Boundaries
    from valence.boundaries.same_thing import Pair
    from valence.conversation.intention import Intention
    from valence.curation import Curated
    from valence.learners.base import Learner
    from valence.memory.memory import Memory
    from valence.predictors import Hear, LocalPredictor
    from valence.router import Answer, Router
    from valence.unit import Unit

HUB_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")

OPENED_LATE = ("local", "router", "quarantine", "memory", "assistant")
"""What `Valence` opens at its first use, and what the settings say goes into."""


class Valence:
    """One opened home. Use it as a context manager."""

    def __init__(self, settings: Settings, locations: Locations) -> None:
        self.settings = settings
        self.locations = locations
        self.stores = Stores.open(locations)
        self._units: dict[str, tuple[Adapter, Unit | None]] = {}
        self._learners: dict[str, Learner] = {}
        self._silenced: tuple[str, ...] = ()
        self._go_offline()

    @classmethod
    def open(cls) -> Valence:
        """The home that the environment names, with its settings."""
        locations = find_locations()
        return cls(load_settings(locations.config), locations)

    def __enter__(self) -> Valence:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._drop_opened()
        self._go_online()
        self.stores.database.close()

    def adopt(self, settings: Settings) -> None:
        """Live by these settings from now on: what was opened by the former ones is opened anew
        when it is next used. Call it while no call is under way."""
        self._drop_opened()
        self.settings = settings
        self._go_offline()

    def _drop_opened(self) -> None:
        opened = {name: self.__dict__.pop(name, None) for name in OPENED_LATE}
        if opened["local"] is not None:
            opened["local"].close()
        for router in (opened["router"], opened["quarantine"]):
            if router is not None:
                router.frontier.close()
        self._units.clear()

    def _go_offline(self) -> None:
        """Tells the Hub's client, here and in processes begun from here, what the settings say."""
        self._go_online()
        wanted = HUB_OFFLINE if self.settings.privacy.offline else ()
        self._silenced = tuple(name for name in wanted if os.environ.get(name) != "1")
        os.environ.update(dict.fromkeys(self._silenced, "1"))

    def _go_online(self) -> None:
        for name in self._silenced:
            os.environ.pop(name, None)

    def model_folder(self) -> ModelFolder:
        """The local model's folder, checked; raises ModelError with the way to get one."""
        from models.folder import find

        local = self.settings.local
        return find(local.model, self.locations.models, local.revision)

    @cached_property
    def local(self) -> LocalPredictor | None:
        """The local model, or None where it is switched off or not on this machine."""
        from models.errors import ModelNotFound
        from valence.predictors import LocalPredictor

        if not self.settings.local.enabled:
            return None
        try:
            folder = self.model_folder()
        except ModelNotFound:
            return None
        # Two revisions of one model are two models: what one answered says nothing of the other.
        name = f"{folder.path.name}@{folder.revision[:8]}"
        return LocalPredictor(lambda: _load_runtime(folder), name, folder.revision, self._announce)

    @cached_property
    def router(self) -> Router:
        return self._router(learn=self.settings.privacy.learn == "all")

    @cached_property
    def quarantine(self) -> Router:
        """The router for what rests on untrusted text: none of its calls becomes an example."""
        return self._router(learn=False)

    @cached_property
    def boundaries(self) -> Boundaries:
        """All boundaries: those of the house, and this home's classifiers."""
        from valence.boundaries.registry import Boundaries

        return Boundaries(self.locations.boundaries, self.stores.examples.labels)

    @cached_property
    def embedder(self) -> Embedder:
        """The model that turns texts into vectors; it may not be on this machine."""
        from models.embedding import Embedder

        chosen = self.settings.memory
        return Embedder(chosen.embedding_model, self.locations.models, chosen.embedding_revision)

    @cached_property
    def memory(self) -> Memory:
        from valence.boundaries import get
        from valence.memory.memory import Memory

        return Memory(
            db=self.stores.database,
            episodic=self.locations.episodic,
            embedder=self.embedder,
            decompose=lambda text, episode, hear: self.router.call(
                get("decompose"), text, episode, hear=hear
            ),
            same_thing=self._same_thing,
        )

    @cached_property
    def assistant(self) -> Assistant:
        from valence.assistant import Assistant

        return Assistant(self.memory, self._call, self.intention)

    @cached_property
    def intention(self) -> Intention:
        """What a message wants, by the classifier `intent`."""
        from valence.boundaries.intent import NAME
        from valence.conversation.intention import Intention

        return Intention(
            lambda text, episode, hear: self.router.call(
                self.boundaries.get(NAME), text, episode, hear=hear
            ),
            now=lambda: self.embedder.is_loaded and self._is_certified(NAME),
            later=lambda: self.embedder.available and self.router.frontier.blocked() is None,
        )

    def _is_certified(self, boundary: str) -> bool:
        unit = self.unit(boundary)
        return unit is not None and unit.gate.state == "open"

    def _same_thing(self, pair: Pair, learn: bool) -> Answer | None:
        """None where nobody could tell: the builtin floor cannot."""
        if self.router.frontier.blocked() is not None and self.unit("same_thing") is None:
            return None
        from valence.boundaries import get

        router = self.router if learn else self.quarantine
        return router.call(get("same_thing"), pair)

    def _call(self, name: str, value: Any, turn: Turn, learn: bool, hear: Hear | None) -> Answer:
        """A call of a turn's answer; its episode says so."""
        from valence.boundaries import get
        from valence.strategies.guidance import StrategyGuidance

        router = self.router if learn else self.quarantine
        boundary = get(name).guided(StrategyGuidance(self, turn.question, turn.id))
        return router.call(boundary, value, f"answer {turn.conversation_id}", hear=hear)

    def _router(self, learn: bool) -> Router:
        from valence.predictors import FrontierPredictor
        from valence.router import Policy, Router

        gate, frontier = self.settings.gate, self.settings.frontier
        return Router(
            ledger=self.stores.ledger,
            events=self.stores.events,
            units=self.unit,
            local=lambda boundary: self.learner(boundary).predictor,
            frontier=FrontierPredictor(
                connect=self._connect,
                name=f"{frontier.provider}:{frontier.base_url or 'default'}",
                breakers=self.stores.breakers,
                over_budget=self._over_budget,
                forbidden=self._forbidden(),
            ),
            policy=Policy(gate.shadow_rate, self._audit_rate, learn),
            chance=random.Random(),
        )

    def learner(self, boundary: Boundary[Any, Any]) -> Learner:
        """The way in which a boundary learns here."""
        from valence.learners import LEARNERS

        if boundary.learner not in self._learners:
            self._learners[boundary.learner] = LEARNERS[boundary.learner](self)
        return self._learners[boundary.learner]

    def unit(self, boundary: str) -> Unit | None:
        """What serves a boundary now: one SELECT a call, so that a promotion made by any
        process is picked up at the next call."""
        from valence.unit import resting

        adapter = self.stores.adapters.active(boundary)
        if adapter is None:
            return None
        declared = self.boundaries.get(boundary)
        predictor = self.learner(declared).predictor
        if predictor is None or resting(adapter, predictor.revision, declared.prompt_version):
            return None
        known, unit = self._units.get(boundary, (None, None))
        if known != adapter:
            unit = self._sealed(adapter)
            self._units[boundary] = (adapter, unit)
        return unit

    def _audit_rate(self, boundary: str) -> float:
        from valence.watch import audit_rate

        return audit_rate(self, boundary)

    def _announce(self) -> None:
        """Lets a run that is training on this machine know that a person is waiting."""
        for spec in self.locations.runs.glob("*/spec.json"):
            # The run may end, and its folder go, between the two.
            with suppress(FileNotFoundError):
                (spec.parent / "BUSY").touch(mode=0o600)

    def _sealed(self, adapter: Adapter) -> Unit | None:
        """The adapter's unit; None, and an event, where it is not as it was sealed. Its gate is
        closed where it was fitted for less than the settings promise."""
        from valence.unit import is_sealed, load_unit, serving

        unit = load_unit(adapter, self.locations.adapters)
        if is_sealed(unit):
            return serving(unit, self.settings.gate)
        self.stores.events.record("unit changed", adapter.boundary, adapter=adapter.id)
        return None

    def curate(self, boundary: Boundary[Any, Any]) -> Curated:
        """Turns the calls that nobody has looked at into examples, as far as consent goes."""
        from valence.curation import curate

        agreed = self.settings.privacy.learn != "none"
        return curate(self.stores.ledger, self.stores.examples, boundary, corrections=agreed)

    def _forbidden(self) -> str | None:
        if self.settings.privacy.offline:
            return "offline"
        return "no frontier" if self.settings.frontier.provider == "none" else None

    def _over_budget(self) -> bool:
        budget = self.settings.frontier.monthly_budget_usd
        if budget is None:
            return False
        month = datetime.now(UTC).strftime("%Y-%m-01T00:00:00.000000Z")
        return self.stores.ledger.spent_usd(month) >= budget

    def _connect(self) -> Frontier:
        from valence.connecting import connect_frontier

        return connect_frontier(self.settings)


def _load_runtime(folder: ModelFolder) -> LocalRuntime:
    from models.runtime import LocalRuntime

    return LocalRuntime(folder)
