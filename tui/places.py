"""Where the app was when it was closed: page, conversation, what was being written.

A small JSON file in the home. One that is missing or damaged is a fresh start. Knows no widget.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from store.whole import write_whole

MOST_HISTORY = 200


@dataclass
class Place:
    """`introduced` once the introduction was finished or left, `introduction` its next screen."""

    page: str = "chat"
    conversation: str | None = None
    draft: str = ""
    introduced: bool = False
    introduction: int = 0
    history: list[str] = field(default_factory=list)

    def remember(self, line: str) -> None:
        """A line that was entered, for the arrow keys to find again."""
        if not self.history or self.history[-1] != line:
            self.history.append(line)
            del self.history[:-MOST_HISTORY]


def read(path: Path) -> Place:
    """The place that was left; a fresh one where the file is missing or damaged."""
    try:
        kept = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return Place()
    return Place(**_fitting(kept)) if isinstance(kept, dict) else Place()


def write(path: Path, place: Place) -> None:
    """Whole or not at all, for its owner alone."""
    write_whole(path, json.dumps(asdict(place), ensure_ascii=False), private=True)


def _fitting(kept: dict[str, Any]) -> dict[str, Any]:
    """What of the kept values is of the right kind."""
    fresh = Place()
    kinds: dict[str, tuple[type, ...]] = {
        "conversation": (str, type(None)),
    }
    names = [one.name for one in fields(Place)]
    return {
        name: kept[name]
        for name in names
        if name in kept and isinstance(kept[name], kinds.get(name, (type(getattr(fresh, name)),)))
    }
