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
from valence.config import set_value


@dataclass
class Session:
    """One opened terminal app. `lost` is set when another one has taken the home over; it is None
    where another one had it from the beginning."""

    valence: Valence
    jobs: Jobs = field(default_factory=Jobs)
    lost: threading.Event | None = field(default_factory=threading.Event)
    place: Place = field(default_factory=Place)

    @property
    def read_only(self) -> bool:
        """Whether another terminal app has the home open."""
        return self.lost is None or self.lost.is_set()

    def save(self, key: str, text: str) -> None:
        """Writes one setting (`section.key`) and lives by it from now on; call it in the lane
        `turns`, so that no turn is under way. Raises ConfigError; then nothing has changed."""
        self.valence.adopt(set_value(self.valence.locations.config, key, text))
