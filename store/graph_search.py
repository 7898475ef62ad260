"""Finding in the graph: facts by their words, facts around entities, neighbours and paths.

All ids are those of entities that stand for themselves. It knows the tables of the graph and
nothing of questions: which words and entities to look for is the caller's choice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from store.database import Database
from store.facts import SELECT_FACT, Fact
from store.searching import fts_query

COMMON = 2000
"""A word that more facts than this hold does not rank: scoring a million rows takes half a
second, and such a word says little."""
MOST_EDGES = 20_000
"""No walk looks at more facts than this at one distance: names like "male" touch everything."""
MOST_HOPS = 3
FAN = 100
"""Facts of one entity at either end that a walk to neighbours goes along, the newest: a hub's
others lead nearly anywhere."""

_COUNT = "SELECT count(*) FROM (SELECT 1 FROM fact_search WHERE fact_search MATCH ? LIMIT ?)"
_RANKED = """
SELECT rowid AS number, -bm25(fact_search) AS score FROM fact_search
WHERE fact_search MATCH ? ORDER BY score DESC LIMIT ?
"""
_NEWEST = """
SELECT rowid AS number, 1e-6 AS score FROM fact_search
WHERE fact_search MATCH ? ORDER BY rowid DESC LIMIT ?
"""
_NUMBERED = f"""
{SELECT_FACT.replace("SELECT ", "SELECT facts.number AS number, ", 1)}
WHERE facts.number IN (SELECT value FROM json_each(?)) AND facts.superseded_at IS NULL
"""
_MEMBERS = """
SELECT value AS id FROM json_each(:ids) UNION
SELECT id FROM entities WHERE merged_into IN (SELECT value FROM json_each(:ids))
"""
_NEWEST_OF = """
SELECT number FROM facts INDEXED BY facts_newest_by_{here} WHERE {here}_id = :member
AND superseded_at IS NULL ORDER BY number DESC LIMIT :limit
"""
_BY_RELATION = """
SELECT number FROM facts INDEXED BY facts_by_{here} WHERE {here}_id = :member
AND relation_folded IN (SELECT value FROM json_each(:relations))
AND superseded_at IS NULL ORDER BY number DESC LIMIT :limit
"""
_STEP = """
  SELECT coalesce(other.merged_into, other.id), near.hops + 1
  FROM near CROSS JOIN entities AS member ON member.id = near.id OR member.merged_into = near.id
    CROSS JOIN facts ON facts.number IN (
      SELECT number FROM facts INDEXED BY facts_newest_by_{here} WHERE {here}_id = member.id
      AND superseded_at IS NULL ORDER BY number DESC LIMIT :fan)
    CROSS JOIN entities AS other ON other.id = facts.{there}_id
  WHERE near.hops < :hops
"""
_NEAR = f"""
WITH RECURSIVE near (id, hops) AS (
  SELECT value, 0 FROM json_each(:ids)
  UNION {_STEP.format(here="subject", there="object")}
  UNION {_STEP.format(here="object", there="subject")}
  LIMIT :most)
SELECT id, min(hops) AS hops FROM near GROUP BY id HAVING min(hops) > 0
ORDER BY min(hops), id LIMIT :limit
"""
_SIDE = """
SELECT facts.id AS fact, coalesce(member.merged_into, member.id) AS here,
  coalesce(other.merged_into, other.id) AS there
FROM ({members}) AS ours CROSS JOIN entities AS member ON member.id = ours.id
  CROSS JOIN facts ON facts.{here}_id = member.id AND facts.superseded_at IS NULL
  CROSS JOIN entities AS other ON other.id = facts.{there}_id
"""
_EDGES = f"""
SELECT * FROM ({_SIDE.format(members=_MEMBERS, here="subject", there="object")} LIMIT :most)
UNION ALL
SELECT * FROM ({_SIDE.format(members=_MEMBERS, here="object", there="subject")} LIMIT :most)
"""

Reached = dict[str, tuple[str, str] | None]
"""How a walk came to each entity: from which one, by which fact; None at its start."""


def search(db: Database, words: Sequence[str], limit: int) -> list[tuple[Fact, float]]:
    """Believed facts with any of the words, best first; common words decide only alone, and then
    the newest facts with all of them are taken."""
    phrases = [phrase for phrase in map(fts_query, dict.fromkeys(words)) if phrase]
    rare = [phrase for phrase in phrases if not _is_common(db, phrase)]
    if rare:
        rows = db.read(_RANKED, (" OR ".join(f"({each})" for each in rare), 3 * limit))
    else:
        rows = db.read(_NEWEST, (" ".join(phrases), limit)) if phrases else []
    scores = {row["number"]: max(row["score"], 1e-6) for row in rows}
    ranked = list(scores)
    found = _numbered(db, ranked[:limit])
    if len(found) < min(limit, len(ranked)):  # some are believed no longer
        found = _numbered(db, ranked)
    return [(found[number], scores[number]) for number in ranked if number in found][:limit]


def facts_about(
    db: Database, ids: Iterable[str], limit: int, relations: Iterable[str] | None = None
) -> list[Fact]:
    """Believed facts that touch the entities, newest first; with `relations` (folded) only those
    of one of them."""
    members = [row["id"] for row in db.read(_MEMBERS, {"ids": json.dumps(list(ids))})]
    sql = _NEWEST_OF if relations is None else _BY_RELATION
    chosen = {"limit": limit, "relations": json.dumps(list(relations or ()))}
    numbers = {
        row["number"]
        for member in members
        for here in ("subject", "object")
        for row in db.read(sql.format(here=here), {**chosen, "member": member})
    }
    newest = sorted(numbers, reverse=True)[:limit]
    found = _numbered(db, newest)
    return [found[number] for number in newest if number in found]


def neighbours(db: Database, ids: Iterable[str], hops: int, limit: int) -> dict[str, int]:
    """The distance of each entity within 1 to 3 hops, the nearest first; of an entity that very
    many facts name, along the newest of them."""
    given = list(ids)
    far = max(1, min(hops, MOST_HOPS))
    # The walk comes to an entity once a distance at most, the nearest first: so many rows do.
    most = (far + 1) * (limit + len(given))
    bounds = {"hops": far, "fan": FAN, "most": most, "limit": limit + len(given)}
    chosen = {"ids": json.dumps(given), **bounds}
    near = {row["id"]: row["hops"] for row in db.read(_NEAR, chosen) if row["id"] not in given}
    return dict(list(near.items())[:limit])


def path(db: Database, a: str, b: str, max_hops: int) -> list[str] | None:
    """Ids of the facts of a shortest chain: breadth first from both ends at once, the smaller
    front first, until they meet."""
    walks: tuple[Reached, Reached] = ({a: None}, {b: None})
    fronts = [{a}, {b}]
    for _ in range(max_hops):
        if walks[0].keys() & walks[1].keys() or not all(fronts):
            break
        side = int(len(fronts[1]) < len(fronts[0]))
        fronts[side] = _advance(db, fronts[side], walks[side])
    meeting = sorted(walks[0].keys() & walks[1].keys())
    if not meeting:
        return None
    return _trail(walks[0], meeting[0])[::-1] + _trail(walks[1], meeting[0])


def _advance(db: Database, front: set[str], reached: Reached) -> set[str]:
    """One step further; writes down how each new entity was come to."""
    new: set[str] = set()
    for row in db.read(_EDGES, {"ids": json.dumps(sorted(front)), "most": MOST_EDGES}):
        if row["there"] not in reached:
            reached[row["there"]] = (row["here"], row["fact"])
            new.add(row["there"])
    return new


def _trail(reached: Reached, end: str) -> list[str]:
    """Facts from `end` back to where the walk began."""
    facts = []
    while (step := reached[end]) is not None:
        end, fact = step
        facts.append(fact)
    return facts


def _is_common(db: Database, phrase: str) -> bool:
    return bool(db.read(_COUNT, (phrase, COMMON + 1))[0][0] > COMMON)


def _numbered(db: Database, numbers: Sequence[int]) -> dict[int, Fact]:
    """The believed ones among the facts of these numbers."""
    found = {}
    for row in db.read(_NUMBERED, (json.dumps(numbers),)):
        values = dict(row)
        number = values.pop("number")
        found[number] = Fact(**values)
    return found
