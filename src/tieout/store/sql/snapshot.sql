-- name: snapshot_moment
-- Later than every observation that there is, also where a worker's clock is ahead of the database's.
SELECT greatest(now(), (SELECT max(recorded_at) FROM observation WHERE recorded_at > now())), pg_current_snapshot()::text

-- name: snapshot_records
SELECT type, body FROM record WHERE NOT deleted

-- name: snapshot_observations
-- The newest of each document among those that were known; of one that was read anew (replayed), what it was read as last.
SELECT DISTINCT ON (key) split_part(key, '/', 1), body FROM observation
WHERE recorded_at <= %(at)s
  AND (%(visible)s::text = '' OR pg_visible_in_snapshot(xid, nullif(%(visible)s::text, '')::pg_snapshot))
ORDER BY key DESC, version DESC, arrival DESC, n DESC, recorded_at DESC

-- name: snapshot_holders
SELECT system, type, entity FROM holder
WHERE recorded_at <= %(at)s
  AND (%(visible)s::text = '' OR pg_visible_in_snapshot(xid, nullif(%(visible)s::text, '')::pg_snapshot))

-- name: snapshot_current_policy
SELECT policy_version.id, hash, body FROM policy_current JOIN policy_version USING (id)

-- name: snapshot_policy
-- The version that held; none before the first.
SELECT id, hash, body FROM policy_version WHERE at <= %(at)s ORDER BY id DESC LIMIT 1

-- name: policy_of_version
SELECT id, hash, body FROM policy_version WHERE id = %(id)s

-- name: observed_since
-- How many documents of each type were heard of after a moment.
SELECT split_part(key, '/', 1) AS type, count(DISTINCT key) FROM observation
WHERE recorded_at > %(at)s OR NOT pg_visible_in_snapshot(xid, %(visible)s::pg_snapshot)
GROUP BY 1 ORDER BY 1

-- name: snapshot_lacks
-- Deliveries that wait to be interpreted, and those of which something was refused.
SELECT count(*) FILTER (WHERE state = 0), count(*) FILTER (WHERE state <> 0 AND reason IS NOT NULL) FROM delivery
WHERE state = 0 OR reason IS NOT NULL
