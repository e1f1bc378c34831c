-- name: partitions_of_history
-- The partitions for months, the oldest first.
SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
WHERE inhparent = 'observation'::regclass AND relname ~ '^observation_\d{4}_\d{2}$'
ORDER BY relname

-- name: months_of_rest
-- Of observations that came in a month for which there was no partition.
SELECT DISTINCT date_trunc('month', recorded_at AT TIME ZONE 'UTC')::date FROM observation_rest ORDER BY 1

-- name: lock_history
SELECT pg_advisory_xact_lock(%(lock)s)

-- name: has_base
SELECT to_regclass('observation_base') IS NOT NULL

-- name: read_archives
SELECT month, file, rows, sha256, archived_at FROM archive ORDER BY month

-- name: insert_archive
INSERT INTO archive (month, file, rows, sha256) VALUES (%(month)s, %(file)s, %(rows)s, %(sha256)s)
