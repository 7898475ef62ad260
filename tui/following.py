"""Follows the notes folder while the app is open: what changes there is found a moment later.

Facts are not read out of notes by themselves: each piece would be a call. Knows no widget.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tui.session import Session

if TYPE_CHECKING:
    from valence.notes.documents import Synced
    from valence.notes.watching import Watcher


class Following:
    """Watches the folder that the settings name, and reads what has changed in the lane
    `learning`; `synced` is called in the event loop after each look."""

    def __init__(self, session: Session, synced: Callable[[Synced], object]) -> None:
        self._session = session
        self._synced = synced
        self._watcher: Watcher | None = None
        self._folder: Path | None = None
        self._ended = False
        self._one = threading.Lock()

    def look(self) -> None:
        """Follows the folder that the settings name now, none where the home is only read. From
        whatever thread, and also while the app is closing."""
        with self._one:
            session = self._session
            wanted = None if session.read_only else session.valence.settings.memory.notes_dir
            if not self._ended and wanted != self._folder:
                self._follow(wanted)

    def stop(self) -> None:
        """Nothing is followed from now on, whoever looks."""
        with self._one:
            self._ended = True
            self._follow(None)

    def _follow(self, folder: Path | None) -> None:
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher = None
        self._folder = folder
        if folder is not None:
            from valence.notes.watching import Watcher

            self._watcher = Watcher(folder, self._changed)
            self._watcher.start()

    def _changed(self) -> None:
        self._session.jobs.run(lambda: take_in(self._session), self._synced, lane="learning")


def take_in(
    session: Session, facts: bool = False, progress: Callable[[str], object] = lambda place: None
) -> Synced:
    """Brings memory up to what the notes folder holds, vectors too."""
    from valence.memory.catching_up import make_vectors
    from valence.notes.folder import documents, sync

    done = sync(session.valence, documents(session.valence), facts, progress)
    make_vectors(session.valence)
    return done
