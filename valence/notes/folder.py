"""The notes folder in memory, wired: whose documents, who reads facts out of them, who forgets.

What a document says is read in quarantine: its calls never become examples. It does not know how
files are read (documents.py) nor when they should be (the command line, the terminal app).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from store.episodes import Chunk
from store.graph import Provenance
from store.sources import Source
from valence.app import Valence
from valence.boundaries import get
from valence.errors import ConfigError
from valence.memory.stating import state
from valence.notes.documents import Documents, Synced

GLANCE_S = 0.5
"""How long a question may wait for notes that have just changed."""
READ = 0.7
"""How sure a fact is that was read from a document by a model nobody has certified."""


def documents(app: Valence) -> Documents:
    """The documents of the notes folder. Raises ConfigError where none is set."""
    folder = app.settings.memory.notes_dir
    if folder is None:
        raise ConfigError(
            "no notes folder is set", do="`valence config set memory.notes_dir FOLDER`"
        )
    return Documents(app.stores.database, folder, lambda ids: _forget_facts(app, ids))


def sync(app: Valence, notes: Documents, facts: bool, progress: Callable[[str], object]) -> Synced:
    """Brings memory up to what the folder holds; with `facts` each new piece is a call of
    `decompose`, which the frontier may answer and charge."""
    reader = (lambda source, chunk: _read(app, source, chunk)) if facts else None
    return notes.sync(reader, progress)


def glance(app: Valence) -> str:
    """Takes in what has changed in the notes folder, as words to be found and without a call, for
    GLANCE_S at most; why it could not be looked at, or "". Nothing where no folder is set."""
    if app.settings.memory.notes_dir is None:
        return ""
    return documents(app).sync(within_s=GLANCE_S).problem


def _read(app: Valence, source: Source, chunk: Chunk) -> str:
    answer = app.quarantine.call(get("decompose"), chunk.text)
    stated = Provenance(
        origin="document",
        confidence=answer.call.confidence or READ,
        call_id=answer.call.id,
        source_id=source.id,
        chunk_id=chunk.id,
    )
    state(app.memory.knowledge, answer.output, chunk.text, stated)
    return answer.call.id


def _forget_facts(app: Valence, chunk_ids: Sequence[str]) -> None:
    for chunk_id in chunk_ids:
        app.memory.graph.forget_chunk(chunk_id)
