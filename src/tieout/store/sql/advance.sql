-- name: hold_bearings
-- Held until the evaluation is committed: whoever changes the policy waits for it.
SELECT id, stamp FROM policy_current FOR SHARE

-- name: read_policy
SELECT body FROM policy_version WHERE id = %(id)s

-- name: read_periods
SELECT key, body FROM record WHERE type = 'accounting_period' ORDER BY key

-- name: read_holders
SELECT system, type, entity FROM holder

-- name: claim_due
SELECT id, flow, key, stray, lane FROM instance
WHERE dirty_at IS NOT NULL ORDER BY lane, dirty_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED

-- name: set_aside
-- The first that is due: its verdict cannot be kept.
UPDATE instance SET dirty_at = NULL, problem = %(problem)s
WHERE id = (SELECT id FROM instance WHERE dirty_at IS NOT NULL ORDER BY lane, dirty_at LIMIT 1 FOR UPDATE)
RETURNING flow, key

-- name: held_elsewhere
-- Of each document the least (first, anchor) among the instances of the flow but these.
SELECT asked.n - 1, other.first, other.anchor
FROM unnest(%(flow)b::text[], %(relation)b::text[], %(key)b::text[]) WITH ORDINALITY AS asked (flow, relation, key, n)
CROSS JOIN LATERAL (
    SELECT first, anchor FROM member
    WHERE key = asked.key COLLATE "C" AND flow = asked.flow AND relation = asked.relation
        AND instance <> ALL(%(without)b::bigint[])
    ORDER BY first, anchor LIMIT 1
) AS other

-- name: standing_members
SELECT instance, relation, key, first, shared, owns FROM member WHERE instance = ANY(%(id)b::bigint[])

-- name: delete_members
DELETE FROM member USING unnest(%(instance)b::bigint[], %(relation)b::text[], %(key)b::text[]) AS gone (instance, relation, key)
WHERE member.instance = gone.instance AND member.relation = gone.relation AND member.key = gone.key COLLATE "C"

-- name: write_members
INSERT INTO member (instance, relation, key, flow, anchor, first, shared, owns)
SELECT * FROM unnest(
    %(instance)b::bigint[], %(relation)b::text[], %(key)b::text[], %(flow)b::text[], %(anchor)b::text[], %(first)b::bigint[],
    %(shared)b::boolean[], %(owns)b::boolean[]
)
ON CONFLICT (instance, relation, key) DO UPDATE SET first = excluded.first, shared = excluded.shared, owns = excluded.owns

-- name: insert_holding_changed
INSERT INTO holding_changed (flow, relation, key)
SELECT DISTINCT * FROM unnest(%(flow)b::text[], %(relation)b::text[], %(key)b::text[])

-- name: touch_strays
-- Documents that were found unclaimed, and are claimed now.
INSERT INTO touched (key)
SELECT instance.key
FROM unnest(%(flow)b::text[], %(stray)b::text[], %(key)b::text[]) AS claimed (flow, stray, key)
JOIN instance ON instance.flow = claimed.flow AND instance.key = claimed.key COLLATE "C" AND instance.stray = claimed.stray

-- name: standing_findings
SELECT instance, body FROM finding WHERE instance = ANY(%(id)b::bigint[]) ORDER BY instance, n

-- name: delete_findings
DELETE FROM finding WHERE instance = ANY(%(id)b::bigint[])

-- name: insert_findings
INSERT INTO finding (instance, n, risk, subject, period, entity, currency, exposure, tax, owner, since, body, seen_at)
SELECT *, %(now)s FROM unnest(
    %(instance)b::bigint[], %(n)b::integer[], %(risk)b::text[], %(subject)b::text[], %(period)b::text[], %(entity)b::text[],
    %(currency)b::text[], %(exposure)b::bigint[], %(tax)b::bigint[], %(owner)b::text[], %(since)b::date[], %(body)b::bytea[]
)

-- name: insert_finding_changed
INSERT INTO finding_changed (risk, subject, period)
SELECT DISTINCT * FROM unnest(%(risk)b::text[], %(subject)b::text[], %(period)b::text[])

-- name: standing_entries
SELECT instance, entry FROM depends WHERE instance = ANY(%(id)b::bigint[])

-- name: delete_entries
DELETE FROM depends USING unnest(%(instance)b::bigint[], %(entry)b::text[]) AS gone (instance, entry)
WHERE depends.instance = gone.instance AND depends.entry = gone.entry

-- name: insert_entries
INSERT INTO depends (instance, entry) SELECT * FROM unnest(%(instance)b::bigint[], %(entry)b::text[])

-- name: finish_instances
UPDATE instance SET
    dirty_at = NULL, lane = 0, entity = given.entity, wake_at = given.wake_at, policy = %(policy)s, evaluated_at = %(now)s,
    digest = coalesce(given.digest, instance.digest), verdict = coalesce(given.verdict, instance.verdict), problem = given.problem
FROM unnest(
    %(id)b::bigint[], %(entity)b::text[], %(wake_at)b::timestamptz[], %(digest)b::bytea[], %(verdict)b::bytea[], %(problem)b::text[]
) AS given (id, entity, wake_at, digest, verdict, problem)
WHERE instance.id = given.id

-- name: delete_instances
DELETE FROM instance WHERE id = ANY(%(id)b::bigint[])

-- name: wake
-- Instances whose time has come.
UPDATE instance SET dirty_at = %(now)s, lane = 1, wake_at = NULL
WHERE id = ANY(ARRAY(
    SELECT id FROM instance WHERE wake_at <= %(now)s AND dirty_at IS NULL ORDER BY wake_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
))

-- name: last_arrivals
-- The delivery that brought the newest of each instance's documents, for traces.
SELECT max(record.arrival) FROM member JOIN record USING (key)
WHERE member.instance = ANY(%(id)b::bigint[])
GROUP BY member.instance
