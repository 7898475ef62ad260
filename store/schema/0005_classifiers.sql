-- Embeddings of examples, so that a next run need not make them again: float32, little-endian, of
-- length one.
CREATE TABLE example_vectors (
  example_id TEXT NOT NULL REFERENCES examples (id) ON DELETE CASCADE,
  model TEXT NOT NULL,
  vector BLOB NOT NULL,
  PRIMARY KEY (example_id, model)
) WITHOUT ROWID;
