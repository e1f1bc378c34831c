-- name: only_read
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY

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

-- name: instances_of
SELECT instance.id FROM unnest(%(flow)b::text[], %(key)b::text[]) AS given (flow, key)
JOIN instance ON instance.flow = given.flow AND instance.key = given.key COLLATE "C" AND instance.stray = ''
