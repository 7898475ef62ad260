-- The newest believed facts of one entity, without looking through all of a hub's.
CREATE INDEX facts_newest_by_subject ON facts (subject_id) WHERE superseded_at IS NULL;
CREATE INDEX facts_newest_by_object ON facts (object_id) WHERE superseded_at IS NULL;
