-- How problems were approached and what came of it. `key` names a trajectory within its agent, so
-- that what is gathered or imported again is the same row; `number` counts what is new.
-- JSON: `steps`, and `feedback` (what followed). `success` is known from outside or NULL;
-- `guided` is NULL where no approach was proposed, 0 where the proposal was held back.
CREATE TABLE trajectories (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  agent TEXT NOT NULL,
  source TEXT NOT NULL CHECK (source IN ('turn', 'jsonl', 'otel')),
  key TEXT NOT NULL,
  task_id TEXT NOT NULL,
  problem TEXT NOT NULL,
  steps TEXT NOT NULL,
  success INTEGER CHECK (success IN (0, 1)),
  feedback TEXT NOT NULL,
  guided INTEGER CHECK (guided IN (0, 1)),
  latency_ms REAL,
  cost_usd REAL,
  created_at TEXT NOT NULL,
  UNIQUE (agent, key)
);
CREATE INDEX trajectories_by_agent ON trajectories (agent, number);
CREATE TRIGGER turn_forgotten AFTER DELETE ON turns BEGIN
  DELETE FROM trajectories WHERE source = 'turn' AND key = old.id;
END;

-- What was learned from them, version by version. `through` is the number of the newest trajectory
-- that was there; at most one version of an agent is active.
CREATE TABLE strategies (
  id TEXT PRIMARY KEY,
  agent TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('active', 'retired', 'rejected', 'withdrawn')),
  reason TEXT NOT NULL,
  origin TEXT NOT NULL CHECK (origin IN ('trained', 'imported')),
  body TEXT NOT NULL,
  metrics TEXT NOT NULL,
  through INTEGER NOT NULL,
  previous_id TEXT REFERENCES strategies (id),
  created_at TEXT NOT NULL
);
CREATE UNIQUE INDEX strategies_active ON strategies (agent) WHERE state = 'active';
CREATE INDEX strategies_by_agent ON strategies (agent, id);

-- JSON: the approach that was proposed for a call, and whether the model was shown it.
ALTER TABLE calls ADD COLUMN guidance TEXT;
