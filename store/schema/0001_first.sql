-- The ledger: calls, the attempts inside them, and what people said of them.
-- `number` gives each row a place that VACUUM does not change; full-text rows refer to it.
CREATE TABLE calls (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  boundary TEXT NOT NULL,
  episode TEXT,
  input TEXT NOT NULL,
  output TEXT,
  route TEXT NOT NULL,
  reason TEXT NOT NULL,
  confidence REAL,
  threshold REAL,
  latency_ms REAL NOT NULL,
  cost_usd REAL NOT NULL,
  masked TEXT NOT NULL,
  learn INTEGER NOT NULL CHECK (learn IN (0, 1)),
  created_at TEXT NOT NULL,
  judged INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX calls_by_time ON calls (created_at);
CREATE INDEX calls_by_boundary ON calls (boundary, created_at, route, latency_ms, cost_usd);
CREATE INDEX calls_by_route ON calls (boundary, route, latency_ms, cost_usd);
CREATE INDEX calls_unjudged ON calls (boundary, created_at) WHERE judged = 0;
CREATE INDEX calls_paid ON calls (created_at, cost_usd) WHERE cost_usd > 0;

CREATE TABLE attempts (
  id TEXT PRIMARY KEY,
  call_id TEXT NOT NULL REFERENCES calls (id),
  position INTEGER NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('answer', 'shadow', 'audit')),
  route TEXT NOT NULL CHECK (route IN ('builtin', 'local', 'frontier', 'encoder')),
  model TEXT,
  variant TEXT,
  adapter_id TEXT,
  prompt_version TEXT,
  request TEXT,
  response TEXT,
  output TEXT,
  features TEXT,
  confidence REAL,
  threshold REAL,
  decision TEXT NOT NULL CHECK (decision IN ('accepted', 'rejected', 'failed', 'unseen')),
  reason TEXT NOT NULL,
  input_tokens INTEGER,
  output_tokens INTEGER,
  latency_ms REAL,
  cost_usd REAL NOT NULL,
  error TEXT,
  created_at TEXT NOT NULL,
  UNIQUE (call_id, position)
);
CREATE INDEX attempts_by_adapter ON attempts (adapter_id) WHERE adapter_id IS NOT NULL;

CREATE TABLE feedback (
  id TEXT PRIMARY KEY,
  call_id TEXT NOT NULL REFERENCES calls (id),
  kind TEXT NOT NULL CHECK (kind IN ('correction', 'rating')),
  output TEXT,
  rating INTEGER,
  note TEXT NOT NULL,
  created_at TEXT NOT NULL
);
CREATE INDEX feedback_by_call ON feedback (call_id, created_at);

-- Full text: one row a call, with the corrections of its answer.
CREATE VIEW searchable AS
  SELECT number, input, output,
    (SELECT group_concat(output, char(10)) FROM feedback
      WHERE call_id = calls.id AND kind = 'correction') AS corrections
  FROM calls;
CREATE VIRTUAL TABLE search USING fts5(
  input, output, corrections, content='searchable', content_rowid='number'
);
CREATE TRIGGER call_added AFTER INSERT ON calls BEGIN
  INSERT INTO search (rowid, input, output, corrections)
    VALUES (new.number, new.input, new.output, NULL);
END;
CREATE TRIGGER call_removed BEFORE DELETE ON calls BEGIN
  INSERT INTO search (search, rowid, input, output, corrections)
    SELECT 'delete', number, input, output, corrections FROM searchable WHERE number = old.number;
END;
CREATE TRIGGER correction_coming BEFORE INSERT ON feedback WHEN new.kind = 'correction' BEGIN
  INSERT INTO search (search, rowid, input, output, corrections)
    SELECT 'delete', number, input, output, corrections FROM searchable
    WHERE number = (SELECT number FROM calls WHERE id = new.call_id);
END;
CREATE TRIGGER correction_added AFTER INSERT ON feedback WHEN new.kind = 'correction' BEGIN
  INSERT INTO search (rowid, input, output, corrections)
    SELECT number, input, output, corrections FROM searchable
    WHERE number = (SELECT number FROM calls WHERE id = new.call_id);
END;
CREATE TRIGGER correction_going BEFORE DELETE ON feedback WHEN old.kind = 'correction' BEGIN
  INSERT INTO search (search, rowid, input, output, corrections)
    SELECT 'delete', number, input, output, corrections FROM searchable
    WHERE number = (SELECT number FROM calls WHERE id = old.call_id);
END;
CREATE TRIGGER correction_removed AFTER DELETE ON feedback WHEN old.kind = 'correction' BEGIN
  INSERT INTO search (rowid, input, output, corrections)
    SELECT number, input, output, corrections FROM searchable
    WHERE number = (SELECT number FROM calls WHERE id = old.call_id);
END;

-- What is learned from.
CREATE TABLE examples (
  id TEXT PRIMARY KEY,
  boundary TEXT NOT NULL,
  input TEXT NOT NULL,
  output TEXT NOT NULL,
  origin TEXT NOT NULL
    CHECK (origin IN ('frontier', 'correction', 'upload', 'curriculum', 'base')),
  rank INTEGER NOT NULL,
  split TEXT NOT NULL CHECK (split IN ('train', 'calibration', 'test')),
  group_key TEXT NOT NULL,
  fold_key TEXT NOT NULL,
  call_id TEXT REFERENCES calls (id),
  attempt_id TEXT REFERENCES attempts (id),
  feedback_id TEXT REFERENCES feedback (id),
  created_at TEXT NOT NULL,
  replaced_by TEXT
);
CREATE UNIQUE INDEX examples_live ON examples (boundary, fold_key) WHERE replaced_by IS NULL;
CREATE INDEX examples_by_split ON examples (boundary, split, created_at) WHERE replaced_by IS NULL;
CREATE INDEX examples_by_call ON examples (call_id);
CREATE INDEX examples_by_attempt ON examples (attempt_id);
CREATE INDEX examples_by_feedback ON examples (feedback_id);
CREATE INDEX examples_by_successor ON examples (replaced_by);

CREATE TABLE verdicts (
  id TEXT PRIMARY KEY,
  boundary TEXT NOT NULL,
  call_id TEXT REFERENCES calls (id),
  example_id TEXT REFERENCES examples (id),
  verdict TEXT NOT NULL CHECK (verdict IN ('kept', 'dropped')),
  reason TEXT NOT NULL,
  created_at TEXT NOT NULL
);
CREATE UNIQUE INDEX verdicts_by_call ON verdicts (call_id);
CREATE INDEX verdicts_by_example ON verdicts (example_id);
CREATE INDEX verdicts_by_reason ON verdicts (boundary, verdict, reason);
CREATE TRIGGER verdict_given AFTER INSERT ON verdicts BEGIN
  UPDATE calls SET judged = 1 WHERE id = new.call_id;
END;
CREATE TRIGGER verdict_taken_back AFTER DELETE ON verdicts BEGIN
  UPDATE calls SET judged = 0 WHERE id = old.call_id;
END;

-- Training runs and what came of them.
CREATE TABLE runs (
  id TEXT PRIMARY KEY,
  boundary TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  trigger TEXT NOT NULL CHECK (trigger IN ('manual', 'automatic')),
  pid INTEGER,
  settings TEXT NOT NULL,
  examples INTEGER,
  adapter_id TEXT,
  result TEXT,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX runs_by_boundary ON runs (boundary, created_at);
CREATE INDEX runs_by_state ON runs (state);
CREATE TABLE run_states (
  id TEXT PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs (id),
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  created_at TEXT NOT NULL
);
CREATE INDEX run_states_by_run ON run_states (run_id, created_at);
CREATE TABLE run_metrics (
  run_id TEXT NOT NULL REFERENCES runs (id),
  step INTEGER NOT NULL,
  name TEXT NOT NULL,
  value REAL,
  created_at TEXT NOT NULL
);
CREATE INDEX run_metrics_by_run ON run_metrics (run_id, name, step);

CREATE TABLE adapters (
  id TEXT PRIMARY KEY,
  boundary TEXT NOT NULL,
  base_model TEXT NOT NULL,
  base_revision TEXT NOT NULL,
  prompt_version TEXT NOT NULL,
  folder TEXT NOT NULL,
  weights_sha256 TEXT NOT NULL,
  unit_sha256 TEXT,
  parent_id TEXT,
  run_id TEXT,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  calibration TEXT,
  tainted_at TEXT,
  taint_reason TEXT,
  created_at TEXT NOT NULL
);
CREATE INDEX adapters_by_boundary ON adapters (boundary, created_at);
CREATE TABLE adapter_states (
  id TEXT PRIMARY KEY,
  adapter_id TEXT NOT NULL REFERENCES adapters (id),
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  created_at TEXT NOT NULL
);
CREATE INDEX adapter_states_by_adapter ON adapter_states (adapter_id, created_at);
-- example_id outlives a forgotten example, so that a taint can be explained.
CREATE TABLE adapter_examples (
  adapter_id TEXT NOT NULL REFERENCES adapters (id),
  example_id TEXT NOT NULL,
  PRIMARY KEY (adapter_id, example_id)
) WITHOUT ROWID;
CREATE INDEX adapter_examples_by_example ON adapter_examples (example_id);
CREATE TABLE active (
  boundary TEXT PRIMARY KEY,
  adapter_id TEXT NOT NULL REFERENCES adapters (id),
  since TEXT NOT NULL
);
-- The way back: each promotion with what it took the place of (NULL: the base).
CREATE TABLE promotions (
  id TEXT PRIMARY KEY,
  boundary TEXT NOT NULL,
  adapter_id TEXT NOT NULL REFERENCES adapters (id),
  previous_id TEXT REFERENCES adapters (id),
  created_at TEXT NOT NULL,
  undone_at TEXT
);
CREATE INDEX promotions_standing ON promotions (boundary, id) WHERE undone_at IS NULL;

CREATE TABLE evaluations (
  id TEXT PRIMARY KEY,
  run_id TEXT,
  boundary TEXT NOT NULL,
  variant TEXT NOT NULL,
  adapter_id TEXT,
  split TEXT NOT NULL,
  metrics TEXT NOT NULL,
  created_at TEXT NOT NULL
);
CREATE INDEX evaluations_by_variant ON evaluations (boundary, variant, created_at);
CREATE TABLE evaluation_items (
  evaluation_id TEXT NOT NULL REFERENCES evaluations (id),
  example_id TEXT NOT NULL,
  output TEXT,
  score REAL NOT NULL,
  correct INTEGER NOT NULL CHECK (correct IN (0, 1)),
  features TEXT,
  latency_ms REAL,
  PRIMARY KEY (evaluation_id, example_id)
) WITHOUT ROWID;
CREATE INDEX evaluation_items_by_example ON evaluation_items (example_id);

-- What processes share.
CREATE TABLE leases (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  pid INTEGER NOT NULL,
  expires_at TEXT NOT NULL
);
CREATE TABLE breakers (
  name TEXT PRIMARY KEY,
  failures INTEGER NOT NULL,
  open_until TEXT,
  updated_at TEXT NOT NULL
);
CREATE TABLE events (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  boundary TEXT,
  detail TEXT NOT NULL,
  created_at TEXT NOT NULL
);
CREATE INDEX events_by_kind ON events (kind, created_at);
