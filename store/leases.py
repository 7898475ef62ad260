"""Leases: what only one process at a time may do, such as training.

A lease ends by release, by time, or with its process. It does not know what it guards.
"""

from __future__ import annotations

import os
import platform
import sqlite3

from store.clock import later, now
from store.database import Database
from store.ids import new_id

_TAKE = """
INSERT INTO leases (name, holder, pid, expires_at) VALUES (:name, :holder, :pid, :expires_at)
ON CONFLICT (name) DO UPDATE
  SET holder = excluded.holder, pid = excluded.pid, expires_at = excluded.expires_at
"""


class Leases:
    """The leases as one holder sees them; each object is a holder of its own."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._machine = platform.node()
        self.holder = f"{self._machine}/{new_id()}"

    def acquire(self, name: str, ttl_s: float) -> bool:
        """Take the lease, or take it again; False while another living holder has it."""
        lease = {"name": name, "holder": self.holder, "pid": os.getpid()}
        with self._db.transaction() as connection:
            if self._is_held(_lease(connection, name)):
                return False
            connection.execute(_TAKE, lease | {"expires_at": later(ttl_s)})
        return True

    def renew(self, name: str, ttl_s: float) -> bool:
        """Prolong a lease of this holder; False when it has passed to another."""
        sql = "UPDATE leases SET expires_at = ? WHERE name = ? AND holder = ?"
        with self._db.transaction() as connection:
            return connection.execute(sql, (later(ttl_s), name, self.holder)).rowcount == 1

    def held(self, name: str) -> bool:
        """Whether another living holder has the lease."""
        return self._is_held(_lease(self._db.connection, name))

    def release(self, name: str) -> None:
        """Give a lease back; nothing happens when it is another's."""
        sql = "DELETE FROM leases WHERE name = ? AND holder = ?"
        with self._db.transaction() as connection:
            connection.execute(sql, (name, self.holder))

    def _is_held(self, lease: sqlite3.Row | None) -> bool:
        """Whether another holder has it. A process can only be known dead on its own machine."""
        if lease is None or lease["holder"] == self.holder or lease["expires_at"] <= now():
            return False
        ours = lease["holder"].rpartition("/")[0] == self._machine
        return not ours or is_alive(lease["pid"])


def _lease(connection: sqlite3.Connection, name: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM leases WHERE name = ?", (name,)
    ).fetchone()
    return row


def is_alive(pid: int) -> bool:
    """Whether a process of this machine is there, whoever's it is."""
    try:
        os.kill(pid, 0)  # signal 0 only asks
    except ProcessLookupError:
        return False
    except PermissionError:  # there, and someone else's
        return True
    return True
