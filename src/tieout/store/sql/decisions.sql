-- name: current_policy
SELECT policy_version.id, policy_version.body FROM policy_current JOIN policy_version USING (id)

-- name: lock_policy
-- Waits for the evaluations that are under way, and makes the next ones wait until the change is committed.
SELECT policy_current.id, (SELECT body FROM policy_version WHERE policy_version.id = policy_current.id)
FROM policy_current FOR UPDATE OF policy_current

-- name: decide
WITH made AS (
    INSERT INTO policy_version (at, who, why, hash, body) VALUES (%(now)s, %(who)s, %(why)s, %(hash)s, %(body)s) RETURNING id
)
UPDATE policy_current SET id = made.id, stamp = stamp + 1 FROM made RETURNING policy_current.id

-- name: policy_versions
SELECT id, at, who, why, hash FROM policy_version
WHERE %(before)s::bigint IS NULL OR id < %(before)s ORDER BY id DESC LIMIT %(most)s

-- name: policy_version
SELECT id, at, who, why, hash, body FROM policy_version WHERE id = %(id)s

-- name: count_marked
SELECT count(*) FROM instance WHERE dirty_at IS NOT NULL

-- name: instances_by_entry
SELECT DISTINCT instance FROM depends WHERE entry = ANY(%(entry)b::text[])

-- name: instances_by_table
SELECT DISTINCT instance FROM depends
JOIN unnest(%(table)b::text[]) AS given (name) ON entry = given.name OR starts_with(entry, given.name || '/')

-- name: instances_by_finding
-- The entity * is every one that is not among the named.
SELECT DISTINCT finding.instance FROM finding
JOIN unnest(%(risk)b::text[], %(entity)b::text[]) AS given (risk, entity) ON finding.risk = given.risk
    AND (finding.entity = given.entity OR (given.entity = '*' AND finding.entity <> ALL(%(named)b::text[])))

-- name: instances_by_step
SELECT DISTINCT instance.id FROM instance
JOIN unnest(%(flow)b::text[], %(entity)b::text[]) AS given (flow, entity) ON instance.flow = given.flow
    AND (instance.entity = given.entity OR (given.entity = '*' AND instance.entity <> ALL(%(named)b::text[])))

-- name: instances_by_entity
-- Their own, and those that hold a document of such an entity.
SELECT id FROM instance
WHERE entity = ANY(%(entity)b::text[]) OR (%(unnamed)s AND entity <> ALL(%(named)b::text[]))
UNION
SELECT member.instance FROM record JOIN member ON member.key = record.key
WHERE record.entity = ANY(%(entity)b::text[]) OR (%(unnamed)s AND record.entity <> ALL(%(named)b::text[]))

-- name: instances_by_mirror
SELECT DISTINCT member.instance FROM record JOIN member ON member.key = record.key
WHERE record.type = ANY(%(type)b::text[]) AND record.mirrors IS NOT NULL

-- name: tell_cases
-- Their cases are worked by other rules now.
INSERT INTO finding_changed (risk, subject, period)
SELECT DISTINCT risk, subject, period FROM finding
WHERE entity = ANY(%(entity)b::text[]) OR (%(unnamed)s AND entity <> ALL(%(named)b::text[]))

-- name: touch_systems
INSERT INTO touched (key) SELECT key FROM record WHERE system = ANY(%(system)b::text[]) ORDER BY key

-- name: touch_types
INSERT INTO touched (key) SELECT key FROM record WHERE type = ANY(%(type)b::text[]) ORDER BY key
