-- name: only_read
-- Few keys are asked for at a time, by statements that have one good plan: to plan each anew would cost as much as to run it.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL plan_cache_mode = force_generic_plan

-- name: look_bearings
SELECT id, stamp FROM policy_current

-- name: read_registrations
SELECT body FROM record WHERE type = 'tax_registration' AND entity = %(entity)s AND NOT deleted ORDER BY key

-- name: standing_elsewhere
-- Findings with these identities, of other instances than these.
SELECT finding.body
FROM unnest(%(risk)b::text[], %(subject)b::text[], %(period)b::text[]) AS asked (risk, subject, period)
JOIN finding ON finding.risk = asked.risk AND finding.subject = asked.subject COLLATE "C" AND finding.period = asked.period
JOIN instance ON instance.id = finding.instance
WHERE NOT EXISTS (
    SELECT FROM unnest(%(flow)b::text[], %(key)b::text[], %(stray)b::text[]) AS given (flow, key, stray)
    WHERE given.flow = instance.flow AND given.key = instance.key COLLATE "C" AND given.stray = instance.stray
)

-- name: held_by_others
-- Of each document the least (first, anchor) among the instances of the flow but those of these anchors, and of documents that
-- belong to nobody.
SELECT asked.n - 1, other.first, other.anchor
FROM unnest(%(flow)b::text[], %(relation)b::text[], %(key)b::text[]) WITH ORDINALITY AS asked (flow, relation, key, n)
CROSS JOIN LATERAL (
    SELECT member.first, member.anchor FROM member JOIN instance ON instance.id = member.instance
    WHERE member.key = asked.key COLLATE "C" AND member.flow = asked.flow AND member.relation = asked.relation
        AND instance.stray = '' AND NOT EXISTS (
            SELECT FROM unnest(%(of)b::text[], %(anchor)b::text[]) AS given (flow, anchor)
            WHERE given.flow = member.flow AND given.anchor = member.anchor COLLATE "C"
        )
    ORDER BY member.first, member.anchor LIMIT 1
) AS other

-- name: documents_with_views
-- Every view of the document that each key is a view of, with what it says.
SELECT asked.key, record.root, view.key, view.body
FROM unnest(%(key)b::text[]) AS asked (key)
JOIN record ON record.key = asked.key COLLATE "C"
JOIN record AS view ON view.root = record.root
