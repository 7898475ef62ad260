-- What an adapter has answered, in its order: how many calls lie between two wrong answers.
CREATE INDEX attempts_by_outcome ON attempts (adapter_id, route, role, decision)
  WHERE adapter_id IS NOT NULL;
