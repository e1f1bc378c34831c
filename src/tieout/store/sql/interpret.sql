-- name: claim_deliveries
-- The oldest that wait, up to so many bytes. Counted before the work: a delivery that stops its worker is found out. Of those that
-- were begun before one at a time: it is tried alone, and if its worker dies, nothing else is to blame.
WITH waiting AS (
    SELECT id, octet_length(body) AS size, attempts > 0 AS begun FROM delivery
    WHERE state = 0 AND (claimed_until IS NULL OR claimed_until < %(now)s)
    ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), fitting AS (
    SELECT id FROM (
        SELECT id, begun, sum(size) OVER (ORDER BY id) - size AS before, count(*) FILTER (WHERE begun) OVER (ORDER BY id) AS again
        FROM waiting
    ) AS summed
    WHERE before < %(bytes)s AND (NOT begun OR again = 1)
)
UPDATE delivery SET attempts = attempts + 1, claimed_until = %(until)s, worker = %(worker)s
FROM fitting WHERE delivery.id = fitting.id
RETURNING delivery.id, delivery.content_type, delivery.body, delivery.attempts, delivery.connection, delivery.received_at,
          delivery.headers ->> 'traceparent', delivery.documents

-- name: finish_deliveries
-- Only while they are this worker's: whoever lost its claim must not say what became of it.
UPDATE delivery SET state = given.state, documents = given.documents, reason = given.reason, claimed_until = NULL
FROM unnest(%(id)b::bigint[], %(state)b::smallint[], %(documents)b::integer[], %(reason)b::text[]) AS given (id, state, documents, reason)
WHERE delivery.id = given.id AND delivery.state = 0 AND delivery.worker = %(worker)s
RETURNING delivery.id

-- name: lock_records
SELECT key, version, arrival, n, digest
FROM record WHERE key = ANY(%(key)b::text[]) ORDER BY key FOR UPDATE

-- name: insert_observations
INSERT INTO observation (key, version, arrival, n, digest, body, recorded_at)
SELECT key, version, arrival, n, digest, body, %(now)s
FROM unnest(
    %(key)b::text[], %(version)b::bigint[], %(arrival)b::bigint[], %(n)b::integer[], %(digest)b::bytea[], %(body)b::bytea[]
) AS given (key, version, arrival, n, digest, body)

-- name: insert_late_observations
-- Older than what is known of their documents: seldom, and perhaps told before.
INSERT INTO observation (key, version, arrival, n, digest, body, recorded_at)
SELECT key, version, arrival, n, digest, body, %(now)s
FROM unnest(
    %(key)b::text[], %(version)b::bigint[], %(arrival)b::bigint[], %(n)b::integer[], %(digest)b::bytea[], %(body)b::bytea[]
) AS given (key, version, arrival, n, digest, body)
WHERE NOT EXISTS (
    SELECT FROM observation AS told
    WHERE told.key = given.key COLLATE "C" AND told.version = given.version AND told.arrival = given.arrival AND told.n = given.n
      AND told.digest = given.digest
)

-- name: keep_standing
-- What records say, where they say it since a restatement that was not kept.
INSERT INTO observation (key, version, arrival, n, digest, body, recorded_at)
SELECT key, version, arrival, n, digest, body, %(now)s
FROM record
WHERE key = ANY(%(key)b::text[]) AND NOT EXISTS (
    SELECT FROM observation AS told
    WHERE told.key = record.key AND told.version = record.version AND told.arrival = record.arrival AND told.n = record.n
      AND told.digest = record.digest
)

-- name: upsert_records
-- In the order of their keys, so that two workers wait for one another and do not deadlock.
INSERT INTO record (key, type, system, entity, version, arrival, n, digest, body, mirrors, root, deleted)
SELECT key, type, system, entity, version, arrival, n, digest, body, mirrors, key, deleted
FROM unnest(
    %(key)b::text[], %(type)b::text[], %(system)b::text[], %(entity)b::text[], %(version)b::bigint[], %(arrival)b::bigint[],
    %(n)b::integer[], %(digest)b::bytea[], %(body)b::bytea[], %(mirrors)b::text[], %(deleted)b::boolean[]
) AS given (key, type, system, entity, version, arrival, n, digest, body, mirrors, deleted)
ORDER BY key COLLATE "C"
ON CONFLICT (key) DO UPDATE SET
    entity = excluded.entity, version = excluded.version, arrival = excluded.arrival, n = excluded.n, digest = excluded.digest,
    body = excluded.body, mirrors = excluded.mirrors, deleted = excluded.deleted
WHERE (excluded.version, excluded.arrival, excluded.n) > (record.version, record.arrival, record.n)
   OR ((excluded.version, excluded.arrival, excluded.n) = (record.version, record.arrival, record.n) AND excluded.digest <> record.digest)
RETURNING key, xmax = 0  -- whether it was not there before

-- name: delete_edges
DELETE FROM edge USING unnest(%(from_key)b::text[], %(field)b::text[], %(n)b::integer[]) AS gone (from_key, field, n)
WHERE edge.from_key = gone.from_key COLLATE "C" AND edge.field = gone.field AND edge.n = gone.n

-- name: insert_edges
INSERT INTO edge (from_key, field, n, to_key, from_type)
SELECT * FROM unnest(%(from_key)b::text[], %(field)b::text[], %(n)b::integer[], %(to_key)b::text[], %(from_type)b::text[])

-- name: touch
INSERT INTO touched (key) SELECT unnest(%(key)b::text[])

-- name: insert_holders
INSERT INTO holder (system, type, entity, recorded_at)
SELECT DISTINCT system, type, entity, %(now)s FROM unnest(%(system)b::text[], %(type)b::text[], %(entity)b::text[]) AS given (system, type, entity)
ORDER BY system, type, entity
ON CONFLICT DO NOTHING
RETURNING system, type, entity

-- name: move_bearings
UPDATE policy_current SET stamp = stamp + 1

-- name: mark_everything
UPDATE instance SET dirty_at = %(now)s, lane = 1
WHERE id IN (SELECT id FROM instance WHERE dirty_at IS NULL AND flow <> 'stream' ORDER BY id FOR UPDATE)
