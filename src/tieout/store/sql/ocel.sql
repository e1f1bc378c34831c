-- name: ocel_objects
-- Every document with what it names, as far as that is there.
SELECT record.key, record.type, record.body, (
    SELECT original.key FROM record AS original WHERE original.key = record.mirrors AND NOT original.deleted
), (
    SELECT coalesce(jsonb_agg(jsonb_build_array(edge.to_key, edge.field) ORDER BY edge.field, edge.n), '[]')
    FROM edge JOIN record AS named ON named.key = edge.to_key
    WHERE edge.from_key = record.key AND NOT named.deleted
)
FROM record WHERE NOT record.deleted ORDER BY record.key

-- name: ocel_events
-- The verdict of every instance that has an anchor, with its documents.
SELECT instance.flow, instance.key, instance.verdict, (
    SELECT coalesce(jsonb_agg(jsonb_build_array(member.key, member.relation) ORDER BY member.relation, member.key), '[]')
    FROM member JOIN record ON record.key = member.key
    WHERE member.instance = instance.id AND NOT record.deleted
)
FROM instance WHERE stray = '' AND verdict IS NOT NULL ORDER BY flow, key

-- name: ocel_unfinished
SELECT (SELECT count(*) FROM instance WHERE dirty_at IS NOT NULL), (SELECT count(*) FROM delivery WHERE state = 0)
