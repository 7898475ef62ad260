"""What the page Learning looks at in the stores, in a thread.

Figures are taken anew only where calls, runs or adapters have changed since the last look; how far
an unfinished run is, each time. Knows no widget.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from store.adapters import Adapter
from store.runs import Run
from store.states import FINISHED
from valence.app import Valence
from valence.journey import Journey, journey_of
from valence.progress import Progress, progress_of
from valence.status import all_statuses

MOST_RUNS = 30


@dataclass(frozen=True)
class Trained:
    """An adapter, and how many examples it was trained on."""

    adapter: Adapter
    examples: int


@dataclass(frozen=True)
class Seen:
    """Each boundary's way; of all boundaries runs and adapters, newest first. `under_way` has the
    progress of unfinished runs by their ids; `stamp` is equal while nothing else has changed."""

    journeys: tuple[Journey, ...]
    runs: tuple[Run, ...]
    adapters: tuple[Trained, ...]
    under_way: dict[str, Progress]
    stamp: Any

    def runs_of(self, boundary: str) -> list[Run]:
        return [run for run in self.runs if run.boundary == boundary]

    def adapters_of(self, boundary: str) -> list[Trained]:
        return [one for one in self.adapters if one.adapter.boundary == boundary]


def look(valence: Valence, before: Seen | None) -> Seen:
    """What there is to see now."""
    stores = valence.stores
    runs = tuple(stores.runs.list(limit=MOST_RUNS))
    adapters = stores.adapters.list()
    newest = [call.id for call in stores.ledger.list(limit=1)]
    stamp = (newest, runs, [(one.id, one.state, one.tainted_at) for one in adapters])
    if before is None or before.stamp != stamp:
        before = Seen(_journeys(valence), runs, _trained(valence, adapters), {}, stamp)
    going = {run.id: progress_of(valence, run) for run in runs if run.state not in FINISHED}
    return Seen(before.journeys, before.runs, before.adapters, going, stamp)


def _journeys(valence: Valence) -> tuple[Journey, ...]:
    statuses = all_statuses(valence.stores, valence.settings, valence.locations)
    return tuple(map(journey_of, statuses))


def _trained(valence: Valence, adapters: list[Adapter]) -> tuple[Trained, ...]:
    lineage = valence.stores.adapters.lineage
    return tuple(Trained(adapter, len(lineage(adapter.id))) for adapter in adapters)
