"""Calls a function soon after something in a folder has changed, and every so often anyway.

A watch can be lost (a disk that goes away, too many files for the system's limits), so the
periodic look is what counts and the watch makes it quick. It does not know what the function does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

RESCAN_S = 300.0
SETTLE_S = 0.5
"""Changes come in bursts; it waits so long after the last one."""
CHANGES = frozenset({"created", "modified", "deleted", "moved", "closed"})


class Watcher:
    """Watches one folder in a thread of its own. Use it as a context manager.

    `failed` is called with the error where `look` raises one; watching goes on.
    """

    def __init__(
        self,
        folder: Path,
        look: Callable[[], object],
        failed: Callable[[Exception], object] = lambda error: None,
        rescan_s: float = RESCAN_S,
        settle_s: float = SETTLE_S,
    ) -> None:
        self._folder = folder.expanduser()
        self._look = look
        self._failed = failed
        self._rescan_s = rescan_s
        self._settle_s = settle_s
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._observer: Any = None
        self._watched: tuple[int, int] | None = None
        self._thread = threading.Thread(target=self._run, name="notes folder", daemon=True)

    def __enter__(self) -> Watcher:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        """The first look begins at once."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the look that is going on."""
        self._stopping.set()
        self._changed.set()
        self._thread.join()
        self._unwatch()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._watch()  # before the look, so that no change falls between the two
            try:
                self._look()
            except Exception as error:  # noqa: BLE001 - one bad look must not be the last
                self._failed(error)
            self._wait()

    def _wait(self) -> None:
        """Until something has changed and then nothing for a moment, or until it is time."""
        self._changed.wait(self._rescan_s)
        while self._changed.is_set() and not self._stopping.is_set():
            self._changed.clear()
            self._stopping.wait(self._settle_s)

    def _watch(self) -> None:
        """Watch the folder, anew where another one stands at its place by now."""
        there = _identity(self._folder)
        if there == self._watched and (there is None or self._observer.is_alive()):
            return
        self._unwatch()
        if there is None:
            return
        from watchdog.observers import Observer

        observer: Any = Observer()
        observer.schedule(_Handler(self._changed), str(self._folder), recursive=True)
        with suppress(OSError):  # the system's limit of watches: the periodic look must do
            observer.start()
            self._observer, self._watched = observer, there

    def _unwatch(self) -> None:
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
        self._observer, self._watched = None, None


class _Handler:
    """Notes that something changed. Reading a file is no change, though the system reports it."""

    def __init__(self, changed: threading.Event) -> None:
        self._changed = changed

    def dispatch(self, event: Any) -> None:
        if event.event_type in CHANGES:
            self._changed.set()


def _identity(folder: Path) -> tuple[int, int] | None:
    with suppress(OSError):
        status = folder.stat()
        return status.st_dev, status.st_ino
    return None
