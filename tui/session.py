"""What the pages share: the opened home, the threads, whether it may be written, and what it was
like when it was closed.

Knows no widget.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from tui.jobs import Jobs
from tui.places import Place
from valence.app import Valence
from valence.config import load_settings, set_value
from valence.fetching import Fetch


@dataclass
class Session:
    """One opened terminal app. `lost` is set when another one has taken the home over; it is None
    where another one had it from the beginning."""

    valence: Valence
    jobs: Jobs = field(default_factory=Jobs)
    lost: threading.Event | None = field(default_factory=threading.Event)
    place: Place = field(default_factory=Place)
    fetch: Fetch | None = None
    """The model that is being fetched, where one was asked for."""

    @property
    def read_only(self) -> bool:
        """Whether another terminal app has the home open."""
        return self.lost is None or self.lost.is_set()

    def save(self, key: str, text: str) -> None:
        """Writes one setting (`section.key`) and lives by it from now on; call it in the lane
        `turns`, so that no turn is under way. Raises ConfigError; then nothing has changed."""
        self.valence.adopt(set_value(self.valence.locations.config, key, text))

    def reload(self) -> None:
        """Lives by what the settings' file says now; call it in the lane `turns`."""
        self.valence.adopt(load_settings(self.valence.locations.config))
