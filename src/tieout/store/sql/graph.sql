-- name: incoming_edges
SELECT asked.n - 1, edge.from_key, edge.n
FROM unnest(%(to_key)b::text[], %(from_type)b::text[], %(field)b::text[]) WITH ORDINALITY AS asked (to_key, from_type, field, n)
CROSS JOIN LATERAL (
    SELECT from_key, n FROM edge
    WHERE to_key = asked.to_key COLLATE "C" AND from_type = asked.from_type AND field = asked.field
    OFFSET 0
) AS edge

-- name: outgoing_keys
SELECT asked.key, edge.field, edge.to_key
FROM unnest(%(key)b::text[]) AS asked (key)
CROSS JOIN LATERAL (SELECT field, to_key FROM edge WHERE from_key = asked.key COLLATE "C" OFFSET 0) AS edge

-- name: outgoing_edges
SELECT asked.key, edge.field, edge.n, edge.to_key
FROM unnest(%(key)b::text[]) AS asked (key)
CROSS JOIN LATERAL (SELECT field, n, to_key FROM edge WHERE from_key = asked.key COLLATE "C" OFFSET 0) AS edge

-- name: views_of
-- Every view of the document that each key is a view of.
SELECT asked.key, record.root, view.key
FROM unnest(%(key)b::text[]) AS asked (key)
JOIN record ON record.key = asked.key COLLATE "C"
JOIN record AS view ON view.root = record.root

-- name: read_documents
SELECT record.key, record.body
FROM unnest(%(key)b::text[]) AS asked (key) JOIN record ON record.key = asked.key COLLATE "C"
