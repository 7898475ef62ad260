-- Where remembered things come from. A document's path stands in `place`; what was read from
-- untrusted places can be quoted and cited, and never becomes a training example.
CREATE TABLE sources (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('note', 'document', 'turn', 'import')),
  place TEXT NOT NULL DEFAULT '',
  title TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL DEFAULT 'read' CHECK (state IN ('read', 'skipped', 'gone')),
  reason TEXT NOT NULL DEFAULT '',
  sha256 TEXT,
  bytes INTEGER,
  modified_at TEXT,
  recorded_at TEXT NOT NULL,
  trusted INTEGER NOT NULL DEFAULT 0 CHECK (trusted IN (0, 1))
);
CREATE INDEX sources_by_place ON sources (place) WHERE place <> '';
CREATE INDEX sources_by_content ON sources (sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX sources_by_time ON sources (kind, recorded_at);

-- Pieces of documents, and what was said. `call_id` is the call that read the text, so that
-- forgetting the call forgets the text.
CREATE TABLE chunks (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  source_id TEXT REFERENCES sources (id),
  kind TEXT NOT NULL CHECK (kind IN ('chunk', 'episode')),
  text TEXT NOT NULL,
  position INTEGER NOT NULL DEFAULT 0,
  span_start INTEGER,
  span_end INTEGER,
  episode TEXT,
  call_id TEXT REFERENCES calls (id),
  occurred_at TEXT,
  recorded_at TEXT NOT NULL
);
CREATE INDEX chunks_by_source ON chunks (source_id, position);
CREATE INDEX chunks_by_episode ON chunks (episode) WHERE episode IS NOT NULL;
CREATE INDEX chunks_by_call ON chunks (call_id) WHERE call_id IS NOT NULL;
CREATE INDEX chunks_by_time ON chunks (recorded_at);
CREATE VIRTUAL TABLE chunk_search USING fts5(
  text, content='chunks', content_rowid='number', tokenize='porter unicode61 remove_diacritics 2'
);
CREATE TRIGGER chunk_added AFTER INSERT ON chunks BEGIN
  INSERT INTO chunk_search (rowid, text) VALUES (new.number, new.text);
END;
CREATE TRIGGER chunk_changed AFTER UPDATE OF text ON chunks BEGIN
  INSERT INTO chunk_search (chunk_search, rowid, text) VALUES ('delete', old.number, old.text);
  INSERT INTO chunk_search (rowid, text) VALUES (new.number, new.text);
END;
CREATE TRIGGER chunk_removed AFTER DELETE ON chunks BEGIN
  INSERT INTO chunk_search (chunk_search, rowid, text) VALUES ('delete', old.number, old.text);
  DELETE FROM vectors WHERE owner_id = old.id;
END;

-- Embeddings, the truth behind every vector index: float32, little-endian, of length one.
-- A number is never used twice, so that an index knows what came since it last looked.
CREATE TABLE vectors (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  owner_id TEXT NOT NULL,
  owner TEXT NOT NULL CHECK (owner IN ('chunk', 'entity', 'fact')),
  model TEXT NOT NULL,
  vector BLOB NOT NULL,
  UNIQUE (owner_id, model)
);
CREATE INDEX vectors_by_model ON vectors (owner, model, number, owner_id);

-- What facts are about. A merged entity keeps its name and its facts and points at the one that
-- stands for both (never at another merged one), so that a wrong merge can be undone.
CREATE TABLE entities (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  folded TEXT NOT NULL,
  merged_into TEXT REFERENCES entities (id),
  created_at TEXT NOT NULL
);
CREATE INDEX entities_by_name ON entities (folded);
CREATE INDEX entities_merged ON entities (merged_into) WHERE merged_into IS NOT NULL;
CREATE TRIGGER entity_removed AFTER DELETE ON entities BEGIN
  DELETE FROM vectors WHERE owner_id = old.id;
END;
-- Further names. One of origin 'candidate' is a question to a person, not yet a name.
CREATE TABLE aliases (
  folded TEXT NOT NULL,
  entity_id TEXT NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
  origin TEXT NOT NULL,
  created_at TEXT NOT NULL,
  PRIMARY KEY (folded, entity_id)
) WITHOUT ROWID;
CREATE INDEX aliases_by_entity ON aliases (entity_id);

-- Two times: valid_from to valid_to in the world, recorded_at to superseded_at in the belief.
CREATE TABLE facts (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  subject_id TEXT NOT NULL REFERENCES entities (id),
  relation TEXT NOT NULL,
  relation_folded TEXT NOT NULL,
  object_id TEXT NOT NULL REFERENCES entities (id),
  valid_from TEXT,
  valid_to TEXT,
  recorded_at TEXT NOT NULL,
  superseded_at TEXT,
  superseded_by TEXT REFERENCES facts (id),
  confidence REAL NOT NULL,
  origin TEXT NOT NULL CHECK (origin IN ('told', 'document', 'import', 'correction')),
  call_id TEXT REFERENCES calls (id),
  source_id TEXT REFERENCES sources (id),
  chunk_id TEXT REFERENCES chunks (id) ON DELETE SET NULL,
  span_start INTEGER,
  span_end INTEGER
);
CREATE INDEX facts_by_subject ON facts (subject_id, relation_folded);
CREATE INDEX facts_by_object ON facts (object_id, relation_folded);
CREATE INDEX facts_by_relation ON facts (relation_folded);
CREATE INDEX facts_by_call ON facts (call_id) WHERE call_id IS NOT NULL;
CREATE INDEX facts_by_source ON facts (source_id) WHERE source_id IS NOT NULL;
CREATE INDEX facts_by_chunk ON facts (chunk_id) WHERE chunk_id IS NOT NULL;
CREATE INDEX facts_by_successor ON facts (superseded_by) WHERE superseded_by IS NOT NULL;
-- Every statement of a fact that was stated more than once; else its own row says it all.
CREATE TABLE witnesses (
  id TEXT PRIMARY KEY,
  fact_id TEXT NOT NULL REFERENCES facts (id) ON DELETE CASCADE,
  origin TEXT NOT NULL,
  confidence REAL NOT NULL,
  call_id TEXT REFERENCES calls (id),
  source_id TEXT REFERENCES sources (id),
  chunk_id TEXT REFERENCES chunks (id) ON DELETE SET NULL,
  span_start INTEGER,
  span_end INTEGER,
  recorded_at TEXT NOT NULL
);
CREATE INDEX witnesses_by_fact ON witnesses (fact_id);
CREATE INDEX witnesses_by_call ON witnesses (call_id) WHERE call_id IS NOT NULL;
CREATE INDEX witnesses_by_source ON witnesses (source_id) WHERE source_id IS NOT NULL;
CREATE INDEX witnesses_by_chunk ON witnesses (chunk_id) WHERE chunk_id IS NOT NULL;

CREATE VIEW fact_words AS
  SELECT facts.number AS number, subjects.name AS subject,
    facts.relation_folded AS relation, objects.name AS object
  FROM facts JOIN entities AS subjects ON subjects.id = facts.subject_id
    JOIN entities AS objects ON objects.id = facts.object_id;
CREATE VIRTUAL TABLE fact_search USING fts5(
  subject, relation, object, content='fact_words', content_rowid='number',
  tokenize='porter unicode61 remove_diacritics 2'
);
CREATE TRIGGER fact_added AFTER INSERT ON facts BEGIN
  INSERT INTO fact_search (rowid, subject, relation, object)
    SELECT number, subject, relation, object FROM fact_words WHERE number = new.number;
END;
CREATE TRIGGER fact_going BEFORE DELETE ON facts BEGIN
  INSERT INTO fact_search (fact_search, rowid, subject, relation, object)
    SELECT 'delete', number, subject, relation, object FROM fact_words WHERE number = old.number;
  DELETE FROM vectors WHERE owner_id = old.id;
END;

-- Conversations: turns form a tree (`parent_id`), each with the steps it went through.
CREATE TABLE conversations (
  id TEXT PRIMARY KEY,
  title TEXT NOT NULL DEFAULT '',
  archived INTEGER NOT NULL DEFAULT 0 CHECK (archived IN (0, 1)),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX conversations_by_time ON conversations (updated_at);
CREATE TABLE turns (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  parent_id TEXT REFERENCES turns (id) ON DELETE SET NULL,
  position INTEGER NOT NULL,
  question TEXT NOT NULL,
  answer TEXT,
  state TEXT NOT NULL,
  created_at TEXT NOT NULL
);
CREATE INDEX turns_by_conversation ON turns (conversation_id, position);
CREATE INDEX turns_by_parent ON turns (parent_id) WHERE parent_id IS NOT NULL;
CREATE VIEW turn_words AS
  SELECT number, question,
    CASE WHEN json_valid(answer) THEN json_extract(answer, '$.answer') END AS answer
  FROM turns;
CREATE VIRTUAL TABLE turn_search USING fts5(
  question, answer, content='turn_words', content_rowid='number',
  tokenize='porter unicode61 remove_diacritics 2'
);
CREATE TRIGGER turn_added AFTER INSERT ON turns BEGIN
  INSERT INTO turn_search (rowid, question, answer)
    SELECT number, question, answer FROM turn_words WHERE number = new.number;
END;
CREATE TRIGGER turn_changing BEFORE UPDATE OF question, answer ON turns BEGIN
  INSERT INTO turn_search (turn_search, rowid, question, answer)
    SELECT 'delete', number, question, answer FROM turn_words WHERE number = old.number;
END;
CREATE TRIGGER turn_changed AFTER UPDATE OF question, answer ON turns BEGIN
  INSERT INTO turn_search (rowid, question, answer)
    SELECT number, question, answer FROM turn_words WHERE number = new.number;
END;
CREATE TRIGGER turn_going BEFORE DELETE ON turns BEGIN
  INSERT INTO turn_search (turn_search, rowid, question, answer)
    SELECT 'delete', number, question, answer FROM turn_words WHERE number = old.number;
END;
CREATE TABLE steps (
  id TEXT PRIMARY KEY,
  turn_id TEXT NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  created_at TEXT NOT NULL
);
CREATE INDEX steps_by_turn ON steps (turn_id, position);
