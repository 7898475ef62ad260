"""Work that the event loop does not wait for.

Each lane is a queue with threads of its own: what a person waits for never stands behind what
only learns. A job's result, or one sentence on why there is none, is handed to the event loop.
Knows nothing of what is done.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Literal, TypeVar

from valence.cli.failure import explain

Result = TypeVar("Result")
Lane = Literal["reading", "turns", "learning"]
Deliver = Callable[[Callable[[], Any]], Any]
"""Has the event loop call something, from whatever thread."""

THREADS: dict[Lane, int] = {"reading": 2, "turns": 1, "learning": 1}


class Jobs:
    """Three lanes: `reading` for what a page shows, `turns` for what must not get lost (one after
    the other, finished before the app ends), `learning` for what may be left for another time."""

    def __init__(self) -> None:
        self._lanes = {name: ThreadPoolExecutor(most, name) for name, most in THREADS.items()}
        self._turns: set[Future[None]] = set()
        self._deliver: Deliver = lambda call: None
        self._complain: Callable[[str], Any] = lambda sentence: None

    def attach(self, deliver: Deliver, complain: Callable[[str], Any]) -> None:
        """From now on results go to this event loop, and failures that nobody handles to
        `complain`."""
        self._deliver, self._complain = deliver, complain

    def run(
        self,
        function: Callable[[], Result],
        on_done: Callable[[Result], Any] | None = None,
        on_error: Callable[[str], Any] | None = None,
        lane: Lane = "reading",
    ) -> None:
        """Calls `function` in a thread, then `on_done` with its result in the event loop (a
        coroutine is awaited), or `on_error` with one sentence."""
        job = self._lanes[lane].submit(self._work, function, on_done, on_error)
        if lane == "turns":
            self._turns.add(job)
            job.add_done_callback(self._turns.discard)

    def notify(self, call: Callable[[], Any]) -> None:
        """Has the event loop call something in the middle of a job."""
        self._deliver(call)

    @property
    def busy(self) -> bool:
        """Whether a turn is still under way."""
        return bool(self._turns)

    def finish(self) -> None:
        """Waits for the turns; what would only be read or learnt is dropped."""
        for name, lane in self._lanes.items():
            lane.shutdown(cancel_futures=name != "turns")

    def _work(
        self,
        function: Callable[[], Result],
        on_done: Callable[[Result], Any] | None,
        on_error: Callable[[str], Any] | None,
    ) -> None:
        try:
            result = function()
        except Exception as error:  # noqa: BLE001 - the thread's edge: logged whole, told in a line
            sentence = explain(error)
            self._deliver(lambda: (on_error or self._complain)(sentence))
            return
        if on_done is not None:
            self._deliver(lambda: on_done(result))
