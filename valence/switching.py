"""Which adapter serves, decided by a person: one that was made before, or back to the last.

Knows nothing of what earns an adapter its place: that is `promotion`'s.
"""

from __future__ import annotations

from store.adapters import Adapter
from valence.app import Valence
from valence.errors import AdapterError
from valence.unit import Unit, is_sealed, load_unit


def promote(app: Valence, adapter_id: str) -> Adapter:
    """Has the adapter serve from the next call on, with the gate that was fitted for it.

    Raises UnknownAdapter, AdapterError where it is not as it was judged, IllegalTransition.
    """
    adapter = app.stores.adapters.get(adapter_id)
    require_whole(load_unit(adapter, app.locations.adapters))
    return app.stores.adapters.promote(adapter.id, "promoted by hand")


def roll_back(app: Valence, boundary: str) -> Adapter | None:
    """Has what served before serve again; None: no adapter. Raises IllegalTransition."""
    return app.stores.adapters.rollback(boundary, "rolled back by hand")


def require_whole(unit: Unit) -> None:
    """Raises AdapterError unless weights and calibration are the ones that were judged."""
    if not is_sealed(unit):
        raise AdapterError(
            f"weights or gate of {unit.adapter.id} are gone or not the ones that were judged",
            where=str(unit.folder),
        )
