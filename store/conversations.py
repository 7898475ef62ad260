"""Conversations: their turns, and what each turn had done when it was last heard of.

A turn is a row before anything is done about it, and each of its steps a row once it is done, so
that a crash loses neither. It does not know what the steps are or what an answer holds.
"""

from __future__ import annotations

import builtins
import sqlite3
import sys
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from store.clock import now
from store.database import Database
from store.errors import UnknownConversation
from store.ids import new_id
from store.rows import decode, encode, find, insert_sql
from store.searching import fts_query
from store.titles import title_of

TurnState = Literal["open", "answered", "undone"]

_INSERT_CONVERSATION = insert_sql(
    "conversations", ("id", "title", "archived", "created_at", "updated_at")
)
_TURN_COLUMNS = (
    "id", "conversation_id", "parent_id", "position", "question", "answer", "state", "instead_of",
    "created_at",
)  # fmt: skip
_INSERT_TURN = insert_sql("turns", _TURN_COLUMNS)
_INSERT_STEP = insert_sql("steps", ("id", "turn_id", "position", "name", "state", "created_at"))
_NEXT_TURN = """
SELECT coalesce(max(position) + 1, 0) FROM turns WHERE conversation_id = ?
"""
_NEXT_STEP = "SELECT coalesce(max(position) + 1, 0) FROM steps WHERE turn_id = ?"
_TOUCH = "UPDATE conversations SET updated_at = ? WHERE id = ?"
_LIST = """
SELECT * FROM conversations WHERE archived <= ? ORDER BY updated_at DESC, id DESC LIMIT ?
"""
_PAGE = """
SELECT * FROM turns WHERE conversation_id = :conversation AND state != 'undone'
  AND position < :before ORDER BY position DESC LIMIT :limit
"""
_AFTER = """
SELECT * FROM turns WHERE conversation_id = :conversation AND state != 'undone'
  AND position > :after ORDER BY position LIMIT :limit
"""
_FOUND = """
SELECT DISTINCT conversations.* FROM turn_search
  JOIN turns ON turns.number = turn_search.rowid
  JOIN conversations ON conversations.id = turns.conversation_id
WHERE turn_search MATCH :match AND turns.state != 'undone' AND archived <= :archived
ORDER BY updated_at DESC LIMIT :limit
"""
_SEARCH = """
SELECT turns.* FROM turn_search JOIN turns ON turns.number = turn_search.rowid
WHERE turn_search MATCH ? AND turns.state != 'undone' ORDER BY turns.number DESC LIMIT ?
"""
_RESTING = """
SELECT id, conversation_id, question FROM turns
WHERE id IN (SELECT turn_id FROM steps WHERE instr(state, ?1)) OR instr(answer, ?1)
"""
_FIRST = "SELECT question FROM turns WHERE conversation_id = ? ORDER BY position LIMIT 1"
_RETITLE = "UPDATE conversations SET title = :new WHERE id = :id AND title = :old"


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """A conversation; its title is the beginning of what was first said."""

    title: str
    archived: bool = False
    id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What a person said, and the answer (JSON-able) once there is one.

    `parent_id` is the turn before it; a turn that was undone is nobody's parent but stays.
    `instead_of` is the turn that this one was taken in place of.
    """

    conversation_id: str
    question: str
    parent_id: str | None = None
    position: int = 0
    answer: dict[str, Any] | None = None
    state: TurnState = "open"
    instead_of: str | None = None
    id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=now)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that a turn had done, and what came of it (JSON-able)."""

    turn_id: str
    name: str
    state: dict[str, Any]
    position: int = 0
    id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=now)


class Conversations:
    """The conversations of one database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """All that is kept within it, or nothing of it."""
        return self._db.transaction()

    def start(self, title: str) -> Conversation:
        """A new conversation, without a turn yet."""
        conversation = Conversation(title=title)
        row = asdict(conversation) | {"archived": 0}
        with self._db.transaction() as connection:
            connection.execute(_INSERT_CONVERSATION, row)
        return conversation

    def get(self, id_or_prefix: str) -> Conversation:
        """The one with this id or unique beginning. Raises UnknownConversation, AmbiguousId."""
        return _conversation(find(self._db, "conversations", id_or_prefix, UnknownConversation))

    def list(self, limit: int, archived: bool = False) -> list[Conversation]:
        """The newest in use first; the archived ones only where they are asked for."""
        return [_conversation(row) for row in self._db.read(_LIST, (int(archived), limit))]

    def archive(self, conversation_id: str, archived: bool = True) -> None:
        """Put a conversation out of sight, or back into it; nothing of it is lost."""
        sql = "UPDATE conversations SET archived = ? WHERE id = ?"
        with self._db.transaction() as connection:
            connection.execute(sql, (int(archived), conversation_id))

    def rename(self, conversation_id: str, title: str) -> None:
        """Give a conversation another title."""
        with self._db.transaction() as connection:
            sql = "UPDATE conversations SET title = ? WHERE id = ?"
            connection.execute(sql, (title, conversation_id))

    def branch(self, turn: Turn) -> Conversation:
        """A new conversation of that title with copies of what stands before the turn; the old one
        stays as it is."""
        with self._db.transaction() as connection:
            branched = self.start(self.get(turn.conversation_id).title)
            parent: str | None = None
            for each in self.turns(turn.conversation_id):
                if each.position < turn.position:
                    parent = self._copy(connection, each, branched.id, parent)
        return branched

    def _copy(
        self, connection: sqlite3.Connection, turn: Turn, conversation_id: str, parent: str | None
    ) -> str:
        """The turn with its steps once more, so that forgetting finds both; its new id."""
        copied = replace(
            turn,
            id=new_id(),
            conversation_id=conversation_id,
            parent_id=parent,
            instead_of=None,
        )
        row = asdict(copied) | {"answer": encode(turn.answer) if turn.answer else None}
        connection.execute(_INSERT_TURN, row)
        for step in self.steps(turn.id):
            of_copy = replace(step, id=new_id(), turn_id=copied.id)
            connection.execute(_INSERT_STEP, asdict(of_copy) | {"state": encode(step.state)})
        return copied.id

    def begin(self, conversation_id: str, question: str, instead_of: str | None = None) -> Turn:
        """A new open turn, after the last one that stands."""
        with self._db.transaction() as connection:
            standing = self.page(conversation_id, limit=1)
            position = connection.execute(_NEXT_TURN, (conversation_id,)).fetchone()[0]
            turn = Turn(
                conversation_id=conversation_id,
                question=question,
                parent_id=standing[-1].id if standing else None,
                position=position,
                instead_of=instead_of,
            )
            connection.execute(_INSERT_TURN, asdict(turn))
            connection.execute(_TOUCH, (turn.created_at, conversation_id))
        return turn

    def checkpoint(self, turn_id: str, name: str, state: dict[str, Any]) -> Step:
        """Keep what a step of the turn came to."""
        with self._db.transaction() as connection:
            position = connection.execute(_NEXT_STEP, (turn_id,)).fetchone()[0]
            step = Step(turn_id=turn_id, name=name, state=state, position=position)
            connection.execute(_INSERT_STEP, asdict(step) | {"state": encode(state)})
        return step

    def answer(self, turn_id: str, answer: dict[str, Any]) -> None:
        """Close the turn with its answer."""
        sql = "UPDATE turns SET answer = ?, state = 'answered' WHERE id = ?"
        with self._db.transaction() as connection:
            connection.execute(sql, (encode(answer), turn_id))

    def undo(self, turn_id: str) -> None:
        """Let the turn count no longer; its rows stay to be looked at."""
        with self._db.transaction() as connection:
            connection.execute("UPDATE turns SET state = 'undone' WHERE id = ?", (turn_id,))

    def stand(self, turn_id: str) -> None:
        """Take `undo` back: the turn is answered again, or open where it never had an answer."""
        sql = "UPDATE turns SET state = iif(answer IS NULL, 'open', 'answered') WHERE id = ?"
        with self._db.transaction() as connection:
            connection.execute(sql, (turn_id,))

    def replaced(self, turn: Turn) -> builtins.list[Turn]:
        """What the turn was taken in place of, and what that one was, the latest first."""
        earlier: builtins.list[Turn] = []
        while turn.instead_of is not None:
            turn = self.turn(turn.instead_of)
            earlier.append(turn)
        return earlier

    def turn(self, turn_id: str) -> Turn:
        """The turn of that id or unique beginning. Raises UnknownConversation, AmbiguousId."""
        return _turn(find(self._db, "turns", turn_id, UnknownConversation))

    def turns(self, conversation_id: str, undone: bool = False) -> builtins.list[Turn]:
        """The turns of a conversation, oldest first; those undone only where asked for."""
        sql = "SELECT * FROM turns WHERE conversation_id = ? ORDER BY position"
        turns = [_turn(row) for row in self._db.read(sql, (conversation_id,))]
        return [turn for turn in turns if undone or turn.state != "undone"]

    def page(
        self, conversation_id: str, before: int = sys.maxsize, limit: int = 30
    ) -> builtins.list[Turn]:
        """The last turns that stand before a position, oldest first."""
        given = {"conversation": conversation_id, "before": before, "limit": limit}
        return [_turn(row) for row in self._db.read(_PAGE, given)][::-1]

    def following(self, conversation_id: str, after: int, limit: int = 30) -> builtins.list[Turn]:
        """The first turns that stand after a position, oldest first."""
        given = {"conversation": conversation_id, "after": after, "limit": limit}
        return [_turn(row) for row in self._db.read(_AFTER, given)]

    def steps(self, turn_id: str) -> builtins.list[Step]:
        """What the turn has done, in order."""
        sql = "SELECT * FROM steps WHERE turn_id = ? ORDER BY position"
        return [_step(row) for row in self._db.read(sql, (turn_id,))]

    def unanswered(self, limit: int = 100) -> builtins.list[Turn]:
        """The open turns of all conversations, oldest first."""
        sql = "SELECT * FROM turns WHERE state = 'open' ORDER BY id LIMIT ?"
        return [_turn(row) for row in self._db.read(sql, (limit,))]

    def search(self, query: str, limit: int) -> builtins.list[Turn]:
        """Turns with all words of the query, in any of their forms, newest first."""
        match = fts_query(query)
        if match is None:
            return []
        return [_turn(row) for row in self._db.read(_SEARCH, (match, limit))]

    def find(self, query: str, limit: int, archived: bool = False) -> builtins.list[Conversation]:
        """Conversations with a turn that has all words of the query, the newest in use first."""
        match = fts_query(query)
        if match is None:
            return []
        given = {"match": match, "archived": int(archived), "limit": limit}
        return [_conversation(row) for row in self._db.read(_FOUND, given)]


def forget_in_turns(connection: sqlite3.Connection, id: str) -> int:
    """Remove the turns that rest on a call, fact or source of that id; returns how many. What was
    called after one of them is called after the first that is left, or nothing."""
    gone = connection.execute(_RESTING, (id,)).fetchall()
    for turn in gone:
        connection.execute("DELETE FROM turns WHERE id = ?", (turn["id"],))
        left = connection.execute(_FIRST, (turn["conversation_id"],)).fetchone()
        new = title_of(left["question"]) if left else ""
        named = {"id": turn["conversation_id"], "old": title_of(turn["question"]), "new": new}
        connection.execute(_RETITLE, named)
    return len(gone)


def _conversation(row: sqlite3.Row) -> Conversation:
    return Conversation(**dict(row) | {"archived": bool(row["archived"])})


def _turn(row: sqlite3.Row) -> Turn:
    values = {name: row[name] for name in _TURN_COLUMNS}
    return Turn(**values | {"answer": decode(row["answer"])})


def _step(row: sqlite3.Row) -> Step:
    return Step(**dict(row) | {"state": decode(row["state"])})
