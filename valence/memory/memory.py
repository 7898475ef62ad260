"""The opened memory: what is told goes in, what bears on a query comes out.

Joins the graph, the episodes, the vector index and the embedding model, each opened when it is
first needed. Texts become facts through the `decompose` boundary alone. It does not answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import EmbeddingModelMissing
from store.conversations import Conversations
from store.database import Database
from store.episodes import Episodes
from store.graph import Entity, Fact, Graph
from store.sources import SourceKind, Sources
from valence.memory.alike import AlikeNames, AlikePlaces
from valence.memory.backlog import embed_backlog
from valence.memory.called import entity_called, sources_called
from valence.memory.forgetting import Kind, forget
from valence.memory.knowledge import Knowledge
from valence.memory.likeliest import Likeliest
from valence.memory.likeness import WhenReady
from valence.memory.meaning import Meaning
from valence.memory.remembering import Remembered, keep, read
from valence.memory.resolving import Resolution, SameThing
from valence.memory.retrieval import ANY, Filters, Found, Mode, Retrieval

if TYPE_CHECKING:
    from models.embedding import Embedder
    from valence.predictors import Hear
    from valence.router import Answer

Decompose = Callable[[str, str | None, "Hear | None"], "Answer"]
"""One call of the boundary `decompose` on a text, as part of an episode, and who is told all the
while that it is waited for."""
Progress = Callable[[int, int], object]

NAMES = 256


class Memory:
    """The memory of one home."""

    def __init__(
        self,
        db: Database,
        episodic: Path,
        embedder: Embedder,
        decompose: Decompose,
        same_thing: SameThing = lambda pair, learn: None,
    ) -> None:
        """`episodic` is the vector index's folder. Where the embedder's model is not on this
        machine finds are by words and structure alone, and texts wait for their vectors."""
        self.db = db
        self.graph = Graph(db)
        self.episodes = Episodes(db)
        self.sources = Sources(db)
        self.conversations = Conversations(db)
        self._episodic = episodic
        self._embedder = embedder
        self.decompose = decompose
        self._same_thing = same_thing

    @cached_property
    def embedder(self) -> Embedder | None:
        """The embedding model, None where there is none on this machine."""
        return self._embedder if self._embedder.available else None

    @property
    def model_problem(self) -> str:
        """Why nothing is found by meaning, and what to do about it; "" where it is."""
        try:
            self._embedder.folder  # noqa: B018 - asked for its error
        except EmbeddingModelMissing as error:
            return str(error)
        return ""

    @cached_property
    def knowledge(self) -> Knowledge:
        meaning = self.meaning
        if meaning is None or self.names is None:
            return Knowledge(self.graph)
        return Knowledge(self.graph, WhenReady(self.names, lambda: meaning.is_loaded))

    @cached_property
    def names(self) -> AlikeNames | None:
        """Entities by the meaning of their names; None without an embedding model."""
        return AlikeNames(self.graph, self.meaning) if self.meaning else None

    @cached_property
    def places(self) -> AlikePlaces | None:
        """Entities by their names and links; None without an embedding model."""
        return AlikePlaces(self.graph, self.names) if self.names else None

    @cached_property
    def resolution(self) -> Resolution:
        """Names that may mean one thing, the likeliest first where there is an embedding model."""
        order = Likeliest(self.graph, self.meaning.name) if self.meaning else list
        return Resolution(self.graph, self._same_thing, order)

    @cached_property
    def meaning(self) -> Meaning | None:
        """Texts by their meaning; None without an embedding model."""
        if self.embedder is None:
            return None
        return Meaning(self.db, self._episodic, self.embedder)

    @cached_property
    def quick(self) -> Retrieval:
        """Finds by words and structure, without any model."""
        return Retrieval(self.graph, self.episodes)

    @cached_property
    def whole(self) -> Retrieval:
        """Finds by meaning too, where there is an embedding model."""
        if self.meaning is None or self.places is None:
            return self.quick
        meaning, like = self.meaning, self.places.similar
        return Retrieval(self.graph, self.episodes, meaning.near, meaning.similar, like)

    # In

    def remember(
        self,
        text: str,
        kind: SourceKind = "note",
        id: str | None = None,
        episode: str | None = None,
        place: str = "",
    ) -> Remembered:
        """Takes the facts out of a text and keeps both, all or nothing.

        Secrets are masked first. The same note is not kept twice, nor two things under one `id`.
        Vectors are made later (`catch_up`). Raises InvalidInput for what is no text.
        """
        return keep(self, read(self, text, kind, id, episode, place))

    def entity(self, name: str) -> Entity:
        """The entity of that name, alias or id. Raises UnknownEntity."""
        return entity_called(self.graph, name)

    def disagreeing(self, facts: Sequence[Fact]) -> list[Fact]:
        """Facts told before that cannot be true together with these."""
        told = {fact.id for fact in facts}
        found = self.knowledge.contradictions({fact.subject_id for fact in facts})
        return [
            fact
            for each in found
            if any(fact.id in told for fact in each.facts)
            for fact in each.facts
            if fact.id not in told
        ]

    # Out

    def search(
        self,
        query: str,
        mode: Mode = "hybrid",
        limit: int = 10,
        filters: Filters = ANY,
        budget: int | None = None,
        about: Sequence[Entity] = (),
        quick: bool = False,
    ) -> Found:
        """What bears on a query, best first; `quick` does without the embedding model."""
        retrieval = self.quick if quick else self.whole
        return retrieval.search(query, mode, limit, filters, budget, about)

    def sources_at(self, given: str) -> frozenset[str]:
        """The ids of the sources that have this id (or its beginning), stand at this place or
        below it, or have this title. Raises UnknownId."""
        return sources_called(self.db, given)

    # Vectors

    def waiting(self) -> int:
        """How many texts have no vector of the present model yet; all where there is no model."""
        if self.embedder is None:
            return self.episodes.count()
        return self.episodes.waiting(self.embedder.name)

    def catch_up(self, most: int | None = None, progress: Progress | None = None) -> int:
        """Embeds texts and names that wait for their vectors, newest first, at most `most` of
        each, and brings what is made of vectors up to date; how many texts it were."""
        if self.meaning is None or self.names is None:
            return 0
        done = embed_backlog(self.episodes, self.meaning, progress or _silently, most)
        while new := self.names.catch_up(most or NAMES):
            self.knowledge.resolve(new)
            if most is not None:
                break
        self.meaning.index.maintain()
        return done

    def fit_places(self) -> None:
        """Learns anew which entities stand alike in the graph, where it has grown enough for
        that, and proposes those that may be one thing. It takes seconds, in a quiet moment."""
        if self.places is not None and self.places.due:
            self.places.fit()
            self.knowledge.propose(self.places.counterparts())

    # Away

    def forget(self, id: str) -> tuple[Kind, str]:
        """Removes a fact, an entity with all facts that name it, or a source with all that came
        of it alone; returns which of them it was, and its whole id.

        Answers that rested on it go too. The call that read it stays in the ledger, which has its
        own way to forget. Raises UnknownId.
        """
        return forget(self, id)

    def forget_if_known(self, source_id: str) -> None:
        """Removes a source where there is one."""
        if self.sources.by_ids([source_id]):
            self.forget(source_id)


def _silently(done: int, total: int) -> None:
    """Shows no progress."""
