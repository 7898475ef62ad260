-- Whether a run has begun to learn from an example: what waits is counted by it, not by the clock.
ALTER TABLE examples ADD COLUMN taught INTEGER NOT NULL DEFAULT 0 CHECK (taught IN (0, 1));
UPDATE examples SET taught = 1 WHERE created_at <= coalesce((
  SELECT max(began) FROM (
    SELECT min(run_states.created_at) AS began
    FROM run_states JOIN runs ON runs.id = run_states.run_id
    WHERE runs.boundary = examples.boundary AND run_states.state = 'training'
    GROUP BY runs.id)), '');
CREATE INDEX examples_waiting ON examples (boundary)
  WHERE taught = 0 AND split = 'train' AND replaced_by IS NULL AND origin <> 'base';
