-- name: replay_deliveries
-- What was found in each is left to be seen: its documents are not counted as arrivals twice.
UPDATE delivery SET state = 0, attempts = 0, reason = NULL, worker = NULL, claimed_until = NULL
WHERE id IN (
    SELECT id FROM delivery
    WHERE state = ANY(%(states)s::smallint[])
      AND (%(connection)s::text = '' OR connection = %(connection)s)
      AND (%(since)s::timestamptz IS NULL OR received_at >= %(since)s)
      AND (%(until)s::timestamptz IS NULL OR received_at < %(until)s)
      AND (%(ids)s::bigint[] = '{}' OR id = ANY(%(ids)s::bigint[]))
    ORDER BY id FOR UPDATE
)
RETURNING id

-- name: visible_now
SELECT pg_current_snapshot()::text

-- name: states_of_deliveries
SELECT state, count(*) FROM delivery WHERE id = ANY(%(ids)s::bigint[]) GROUP BY state

-- name: changed_by_replay
-- Documents that say since then what a replayed delivery says.
SELECT count(*) FROM record
WHERE arrival = ANY(%(ids)s::bigint[]) AND EXISTS (
    SELECT FROM observation
    WHERE observation.key = record.key AND observation.version = record.version AND observation.arrival = record.arrival
      AND observation.n = record.n AND NOT pg_visible_in_snapshot(observation.xid, %(visible)s::pg_snapshot)
)
