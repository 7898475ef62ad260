"""Turns whatever a command raised into one clear line; the traceback goes into the log."""

from __future__ import annotations

import traceback

from models.errors import ModelError
from store.clock import now
from store.errors import StoreError
from valence.errors import ValenceError
from valence.locations import find_locations

EXPECTED = (ValenceError, StoreError, ModelError)


def explain(error: Exception) -> str:
    """One line. An error that nobody foresaw is logged whole, and the line says where; one of the
    system (a full disk behind stdout) is no defect."""
    if isinstance(error, EXPECTED):
        return " ".join(str(error).split())
    log = find_locations().logs / "errors.log"
    try:
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{now()}\n{''.join(traceback.format_exception(error))}\n")
        log.chmod(0o600)
    except OSError as failed:
        return f"{type(error).__name__}: {error} (and no log could be written: {failed})"
    kind = "" if isinstance(error, OSError) else "a defect; "
    return f"{type(error).__name__}: {error} ({kind}the whole story is in {log})"
