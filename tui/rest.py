"""What waits until no key is pressed: things are made before they are wanted, garbage is collected.

Knows nothing of what is made.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from textual.app import App
from textual.timer import Timer

NOT_THE_OLD = (1_000, 20, 1_000)
"""While keys are pressed only new objects are searched for garbage; all of them when keys rest."""
SWITCH_S = 0.001
"""A thread that reads may hold up the event loop so long at a time; Python's default is five times
that, and felt in a key."""
REST_S = 0.5
SETTLED_S = 2.0
"""By then a new page has all that it shows, and its objects need no look by the garbage collector:
a collection over all pages is felt in a key."""


class Rest:
    """Does `step` again and again while no key is pressed, as long as it says that it has done
    something; then collects all garbage."""

    def __init__(self, app: App[Any], step: Callable[[], Awaitable[bool]]) -> None:
        self._app, self._step = app, step
        self._timer: Timer | None = None
        self._before = gc.get_threshold(), sys.getswitchinterval()

    def begin(self) -> None:
        """From now on this process works for whoever presses keys."""
        gc.set_threshold(*NOT_THE_OLD)
        sys.setswitchinterval(SWITCH_S)
        self._timer = self._app.set_interval(REST_S, self._use)

    def disturb(self) -> None:
        """A key was pressed, or the mouse moved."""
        if self._timer is not None:
            self._timer.reset()

    def settle(self) -> None:
        """Something was made that stays."""
        self._app.set_timer(SETTLED_S, gc.freeze)

    def end(self) -> None:
        """This process is as it was."""
        thresholds, switch_s = self._before
        gc.unfreeze()
        gc.set_threshold(*thresholds)
        sys.setswitchinterval(switch_s)

    async def _use(self) -> None:
        if self._timer is not None and not await self._step():
            self._timer.pause()
            gc.collect()
