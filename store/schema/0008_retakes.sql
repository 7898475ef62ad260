-- The turn that another one is to replace: it stands again where that one is stopped.
ALTER TABLE turns ADD COLUMN instead_of TEXT REFERENCES turns (id) ON DELETE SET NULL;
CREATE INDEX turns_by_replaced ON turns (instead_of) WHERE instead_of IS NOT NULL;
