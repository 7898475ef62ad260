-- Domains of calls, and what uncertain answers teach of gaps.
-- NULL: no domain was given. The indexes are partial: who gives none pays nothing for them.
ALTER TABLE calls ADD COLUMN domain TEXT;
CREATE INDEX calls_by_domain ON calls (boundary, domain, created_at, route, latency_ms, cost_usd)
  WHERE domain IS NOT NULL;
CREATE INDEX calls_by_domain_route ON calls (boundary, domain, route, latency_ms, cost_usd)
  WHERE domain IS NOT NULL;

-- JSON: the words of the output that the model was least sure of, with their entropy in nats.
ALTER TABLE attempts ADD COLUMN uncertain TEXT;

-- `domain` '' stands for all calls of the boundary; `nats` NULL: nothing can be separated yet.
CREATE TABLE entropy_thresholds (
  id TEXT PRIMARY KEY,
  boundary TEXT NOT NULL,
  domain TEXT NOT NULL,
  nats REAL,
  labels INTEGER NOT NULL,
  pooled INTEGER NOT NULL CHECK (pooled IN (0, 1)),
  auroc REAL,
  fitted_at TEXT NOT NULL,
  looked_at TEXT NOT NULL,
  UNIQUE (boundary, domain)
);

CREATE TABLE keywords (
  id TEXT PRIMARY KEY,
  boundary TEXT NOT NULL,
  domain TEXT,
  word TEXT NOT NULL,
  entropy REAL NOT NULL,
  attempt_id TEXT NOT NULL REFERENCES attempts (id),
  call_id TEXT NOT NULL REFERENCES calls (id),
  created_at TEXT NOT NULL,
  UNIQUE (attempt_id, word)
);
CREATE INDEX keywords_by_domain ON keywords (boundary, domain, word, entropy);
CREATE INDEX keywords_by_call ON keywords (call_id);

-- JSON: score features of each part of the output, each with whether that part was right.
ALTER TABLE evaluation_items ADD COLUMN parts TEXT;
