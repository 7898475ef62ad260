"""Circuit breakers that outlast the process: after repeated failures, no call for a while.

It does not know what fails; a breaker is a name.
"""

from __future__ import annotations

from dataclasses import dataclass

from store.clock import later, now
from store.database import Database

_FAILED = """
INSERT INTO breakers (name, failures, open_until, updated_at)
VALUES (:name, 1, iif(:threshold <= 1, :until, NULL), :now)
ON CONFLICT (name) DO UPDATE SET
  failures = failures + 1,
  open_until = iif(failures + 1 >= :threshold, :until, open_until),
  updated_at = :now
"""


@dataclass(frozen=True)
class Breaker:
    """Failures in a row, and until when no call is to be made (None: calls may be made)."""

    failures: int
    open_until: str | None


class Breakers:
    """The breakers of all processes that share the database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def state(self, name: str) -> Breaker:
        """The breaker; one that never failed is closed, and so is one that opened in what a clock,
        set back since, calls the future."""
        sql = "SELECT failures, iif(updated_at > ?, NULL, open_until) FROM breakers WHERE name = ?"
        rows = self._db.read(sql, (now(), name))
        return Breaker(*rows[0]) if rows else Breaker(failures=0, open_until=None)

    def is_open(self, name: str) -> bool:
        """Whether calls are to be left out now. Past the cooldown one may try again."""
        until = self.state(name).open_until
        return until is not None and now() < until

    def failed(self, name: str, threshold: int, cooldown_s: float) -> Breaker:
        """Count a failure; from the `threshold`-th in a row on, each opens the breaker anew."""
        chosen = {"name": name, "threshold": threshold, "until": later(cooldown_s), "now": now()}
        with self._db.transaction() as connection:
            connection.execute(_FAILED, chosen)
            return self.state(name)

    def succeeded(self, name: str) -> None:
        """Close the breaker; nothing is written when it had no failures."""
        if self.state(name).failures == 0:
            return
        with self._db.transaction() as connection:
            connection.execute("DELETE FROM breakers WHERE name = ?", (name,))
