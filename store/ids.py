"""Ids: UUID version 7 as text (RFC 9562), so that they sort by the time of their making."""

from __future__ import annotations

import secrets
import threading
import time
import uuid

_TICKS_A_MILLISECOND = 4096
_lock = threading.Lock()
_last_tick = 0


def new_id() -> str:
    """A new id; each one sorts after all earlier ones of this process."""
    tick = _next_tick()
    milliseconds, fraction = divmod(tick, _TICKS_A_MILLISECOND)
    number = milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=number))


def _next_tick() -> int:
    """Time in 1/4096 ms (RFC 9562, method 3), moved on by one where the clock stands still."""
    global _last_tick
    with _lock:
        _last_tick = max(_last_tick + 1, time.time_ns() * _TICKS_A_MILLISECOND // 1_000_000)
        return _last_tick
