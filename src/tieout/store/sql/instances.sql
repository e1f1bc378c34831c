-- name: list_instances
SELECT id, flow, key, stray, entity, dirty_at IS NOT NULL, evaluated_at, wake_at, coalesce(problem, ''),
    (SELECT count(*) FROM finding WHERE finding.instance = instance.id)
FROM instance
WHERE id > %(after)s
    AND (%(flow)s = '' OR flow = %(flow)s)
    AND (%(document)s = '' OR id IN (SELECT member.instance FROM member WHERE member.key = %(document)s))
    AND (%(within)s::text[] IS NULL OR entity = ANY (%(within)s))
    AND (NOT %(found)s OR EXISTS (SELECT FROM finding WHERE finding.instance = instance.id))
ORDER BY id
LIMIT %(limit)s

-- name: show_instance
SELECT id, flow, key, stray, entity, dirty_at IS NOT NULL, evaluated_at, wake_at, coalesce(problem, ''),
    (SELECT count(*) FROM finding WHERE finding.instance = instance.id), policy, verdict
FROM instance
WHERE id = %(id)s AND (%(within)s::text[] IS NULL OR entity = ANY (%(within)s))

-- name: views_of_instance
-- Its documents with every view of them, also those that are not related themselves.
SELECT member.relation, member.shared, member.owns, record.root, record.key, record.type, record.body
FROM member JOIN record USING (key)
WHERE member.instance = %(id)s AND (%(within)s::text[] IS NULL OR record.entity = '' OR record.entity = ANY (%(within)s))
ORDER BY member.relation, record.root, record.key
