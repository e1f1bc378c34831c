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
SELECT what, month, file, rows, sha256, archived_at FROM archive WHERE what = %(what)s ORDER BY month

-- name: insert_archive
INSERT INTO archive (what, month, file, rows, sha256) VALUES (%(what)s, %(month)s, %(file)s, %(rows)s, %(sha256)s)
RETURNING what, month, file, rows, sha256, archived_at

-- name: first_settled_delivery
-- When the oldest delivery was received that does not wait any more.
SELECT min(received_at) FROM delivery WHERE state <> 0

-- name: take_deliveries
-- Of the next ones by their numbers, those that do not wait any more, up to so many bytes; gone with what this transaction writes of them.
WITH next AS (
    SELECT id, octet_length(body) AS size FROM delivery
    WHERE id > %(after)s AND state <> 0 AND received_at < %(before)s
    ORDER BY id LIMIT %(most)s FOR UPDATE
), fitting AS (
    SELECT id FROM (SELECT id, sum(size) OVER (ORDER BY id) - size AS before FROM next) AS summed WHERE before < %(bytes)s
), taken AS (
    DELETE FROM delivery USING fitting WHERE delivery.id = fitting.id
    RETURNING delivery.id, connection, kind, received_at, content_type, headers::text, body, sha256, dedup_key, state, reason, documents
)
SELECT * FROM taken ORDER BY id
