-- What was known at a moment can be told again: each observation says which transaction wrote it, so that a snapshot which was noted
-- (pg_current_snapshot) says of each whether it had been committed then. Clocks alone do not: a worker may have read its own before,
-- and commit after.
ALTER TABLE observation ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX observation_recorded ON observation USING brin (recorded_at);

ALTER TABLE holder
    ADD COLUMN recorded_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();
