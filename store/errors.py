"""What can go wrong in the store, as one small tree. It knows no SQL and no caller.

StoreError
 ├─ DatabaseUnusable
 │   ├─ NotADatabase        another kind of file, or a damaged one
 │   ├─ NewerDatabase       written by a later Valence
 │   ├─ DiskFull
 │   ├─ DatabaseLocked      another process held the write lock too long
 │   └─ DatabaseReadOnly
 ├─ UnknownId
 │   ├─ UnknownCall
 │   ├─ UnknownExample
 │   ├─ UnknownRun
 │   ├─ UnknownAdapter
 │   ├─ UnknownConversation
 │   ├─ UnknownEntity
 │   ├─ UnknownFact
 │   ├─ UnknownSource
 │   ├─ UnknownChunk
 │   ├─ UnknownTrajectory
 │   ├─ UnknownStrategySet
 │   └─ UnknownEvaluation
 ├─ AmbiguousId             a prefix that several ids share
 ├─ IndexDamaged            a vector index on disk that is made again
 ├─ IllegalTransition       a state that cannot follow the present one
 └─ BadLine                 a line of an imported file, with its number
"""

from __future__ import annotations


class StoreError(Exception):
    """The root; its text is one line that can be shown to a person."""


class DatabaseUnusable(StoreError):
    """The database file cannot be used as it is."""


class NotADatabase(DatabaseUnusable):
    """The file is of another kind, or damaged."""


class NewerDatabase(DatabaseUnusable):
    """The file's schema is later than this code knows."""


class DiskFull(DatabaseUnusable):
    """No space for the write; nothing of its transaction was kept."""


class DatabaseLocked(DatabaseUnusable):
    """Another process kept the write lock past the time allowed."""


class DatabaseReadOnly(DatabaseUnusable):
    """The file or its folder cannot be written or opened."""


class UnknownId(StoreError):
    """No row has this id or an id that begins so."""


class UnknownCall(UnknownId):
    """No such call."""


class UnknownExample(UnknownId):
    """No such example."""


class UnknownRun(UnknownId):
    """No such run."""


class UnknownAdapter(UnknownId):
    """No such adapter."""


class UnknownEvaluation(UnknownId):
    """No such evaluation."""


class UnknownConversation(UnknownId):
    """No such conversation, or turn of one."""


class UnknownEntity(UnknownId):
    """No such entity."""


class UnknownFact(UnknownId):
    """No such fact."""


class UnknownSource(UnknownId):
    """No such source."""


class UnknownChunk(UnknownId):
    """No such piece of a source or of what was said."""


class UnknownTrajectory(UnknownId):
    """No such trajectory."""


class UnknownStrategySet(UnknownId):
    """No such version of an agent's strategies."""


class AmbiguousId(StoreError):
    """Several ids begin so."""


class IndexDamaged(StoreError):
    """A vector index on disk cannot be used; nothing is lost, it is made again."""


class IllegalTransition(StoreError):
    """The state asked for cannot follow the present one."""


class BadLine(StoreError):
    """A line that cannot be read as a pair; `number` counts from 1."""

    def __init__(self, number: int, problem: str) -> None:
        super().__init__(f"line {number}: {problem}")
        self.number = number
