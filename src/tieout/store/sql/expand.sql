-- name: claim_touched
-- An array, and not a join with what is chosen: that is planned for a queue that is nearly empty, and takes n² when it is long.
DELETE FROM touched WHERE id = ANY(ARRAY(SELECT id FROM touched ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
RETURNING key

-- name: claim_holding_changed
DELETE FROM holding_changed WHERE id = ANY(ARRAY(SELECT id FROM holding_changed ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
RETURNING flow, relation, key

-- name: lock_mirrors
-- The documents whose root may be another now: these, and whatever mirrors them, over any number of mirrors (8 at most, as below).
-- Locked before roots are worked out, in a statement of its own, which then sees what those have committed that held the locks.
WITH RECURSIVE beneath AS (
    SELECT key COLLATE "C" AS key, 0 AS steps FROM unnest(%(key)b::text[]) AS given (key)
    UNION
    SELECT record.key, beneath.steps + 1 FROM beneath JOIN record ON record.mirrors = beneath.key WHERE beneath.steps < 8
)
SELECT record.key FROM record
WHERE record.key IN (SELECT key FROM beneath)
  AND (record.mirrors IS NOT NULL OR record.root <> record.key)
ORDER BY record.key FOR UPDATE

-- name: move_roots
-- A way of 8 mirrors is a cycle, and its documents stay apart.
WITH RECURSIVE walk AS (
    SELECT key AS start, key AS reached, mirrors AS following, 0 AS steps FROM record WHERE key = ANY(%(key)b::text[])
    UNION ALL
    SELECT walk.start, record.key, record.mirrors, walk.steps + 1
    FROM walk JOIN record ON record.key = walk.following COLLATE "C" WHERE walk.steps < 8
), rooted AS (
    SELECT start, CASE WHEN max(steps) < 8 THEN (array_agg(reached ORDER BY steps DESC))[1] ELSE start END AS root
    FROM walk GROUP BY start
)
UPDATE record SET root = rooted.root FROM rooted, record AS before
WHERE record.key = rooted.start COLLATE "C" AND before.key = record.key AND record.root <> rooted.root
RETURNING record.key, before.root, record.root

-- name: holding_instances
SELECT DISTINCT instance FROM member WHERE key = ANY(%(key)b::text[])

-- name: lock_instances
-- Marked or not: who is evaluating one of them is about to take its mark away, and is waited for. `mark_instances`, a statement of its
-- own, then sees what that one has committed; in one statement it would not.
SELECT id FROM instance WHERE id = ANY(%(id)b::bigint[]) ORDER BY id FOR UPDATE

-- name: mark_instances
-- But those of streams, which are judged by the clock.
UPDATE instance SET dirty_at = coalesce(dirty_at, %(now)s), lane = %(lane)s
WHERE id = ANY(%(id)b::bigint[]) AND flow <> 'stream' AND (dirty_at IS NULL OR lane > %(lane)s)

-- name: mark_anchors
-- Only of documents that there are; ``originals``: of a flow whose anchors mirror nothing.
INSERT INTO instance (flow, key, dirty_at)
SELECT given.flow, given.key, %(now)s
FROM unnest(%(flow)b::text[], %(key)b::text[], %(originals)b::boolean[]) AS given (flow, key, originals)
JOIN record ON record.key = given.key COLLATE "C"
WHERE NOT record.deleted AND (NOT given.originals OR record.root = record.key)
ORDER BY given.flow, given.key COLLATE "C"
ON CONFLICT (flow, key, stray) DO UPDATE SET dirty_at = coalesce(instance.dirty_at, excluded.dirty_at), lane = 0
WHERE instance.dirty_at IS NULL OR instance.lane > 0  -- judged after the row is locked: an evaluation under way is waited for

-- name: mark_strays
INSERT INTO instance (flow, key, stray, dirty_at)
SELECT given.flow, given.key, given.stray, %(now)s
FROM unnest(%(flow)b::text[], %(key)b::text[], %(stray)b::text[]) AS given (flow, key, stray)
ORDER BY given.flow, given.key COLLATE "C", given.stray
ON CONFLICT (flow, key, stray) DO UPDATE SET dirty_at = coalesce(instance.dirty_at, excluded.dirty_at), lane = 0
WHERE instance.dirty_at IS NULL OR instance.lane > 0  -- judged after the row is locked: an evaluation under way is waited for

-- name: known_strays
SELECT key FROM instance WHERE flow = %(flow)s AND stray = %(stray)s AND key = ANY(%(key)b::text[])

-- name: live_anchors
SELECT key FROM record WHERE key = ANY(%(key)b::text[]) AND NOT deleted AND (NOT %(originals)s OR root = key)

-- name: wrongly_held
-- Instances that were judged with another idea of who holds a document than holds now. The owner is the least (first, anchor).
SELECT DISTINCT wrong.instance
FROM unnest(%(flow)b::text[], %(relation)b::text[], %(key)b::text[]) AS given (flow, relation, key)
CROSS JOIN LATERAL (
    SELECT (array_agg(instance ORDER BY first, anchor))[1] AS owner, count(*) AS holders
    FROM (
        SELECT instance, first, anchor FROM member
        WHERE key = given.key COLLATE "C" AND flow = given.flow AND relation = given.relation
        ORDER BY first, anchor LIMIT 2
    ) AS least
) AS truth
CROSS JOIN LATERAL (
    SELECT instance FROM member
    WHERE truth.holders > 1 AND key = given.key COLLATE "C" AND flow = given.flow AND relation = given.relation AND NOT shared
    UNION ALL
    SELECT instance FROM member
    WHERE key = given.key COLLATE "C" AND flow = given.flow AND relation = given.relation AND shared AND owns
        AND (instance <> truth.owner OR truth.holders = 1)
    UNION ALL
    SELECT instance FROM member
    WHERE instance = truth.owner AND key = given.key COLLATE "C" AND relation = given.relation AND (NOT owns OR (truth.holders = 1 AND shared))
) AS wrong
