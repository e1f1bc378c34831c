-- name: insert_deliveries
-- Keeps each delivery, except where its connection has had its dedup_key before. Numbers are given in the order of arrival; rows go in
-- in the order of their keys, so that two processes with the same keys wait for one another and do not deadlock.
WITH given AS MATERIALIZED (
    SELECT nextval('delivery_id_seq') AS id, t.*
    FROM unnest(
        %(connection)b::text[], %(kind)b::text[], %(received_at)b::timestamptz[], %(content_type)b::text[], %(headers)b::text[],
        %(body)b::bytea[], %(sha256)b::bytea[], %(dedup_key)b::text[]
    ) WITH ORDINALITY AS t (connection, kind, received_at, content_type, headers, body, sha256, dedup_key, position)
), kept AS (
    INSERT INTO delivery (id, connection, kind, received_at, content_type, headers, body, sha256, dedup_key)
    SELECT id, connection, kind, coalesce(received_at, now()), content_type, headers::jsonb, body, sha256, dedup_key
    FROM given
    ORDER BY connection, dedup_key, id
    ON CONFLICT (connection, dedup_key) WHERE dedup_key IS NOT NULL DO NOTHING
    RETURNING id
)
SELECT given.id, kept.id IS NOT NULL
FROM given LEFT JOIN kept USING (id)
ORDER BY given.position

-- name: find_deliveries_by_key
-- The delivery that holds each key, and whether its bytes are the same. NULL: none does any more.
SELECT delivery.id, delivery.sha256 = t.sha256
FROM unnest(%(connection)b::text[], %(dedup_key)b::text[], %(sha256)b::bytea[]) WITH ORDINALITY AS t (connection, dedup_key, sha256, position)
LEFT JOIN delivery USING (connection, dedup_key)
ORDER BY t.position

-- name: find_received
SELECT id, connection, kind, received_at, content_type, octet_length(body), state, documents, reason
FROM delivery
WHERE (%(of)s = '' OR connection = %(of)s)
    AND (%(state)s::smallint IS NULL OR state = %(state)s)
    AND (%(ids)s::bigint[] IS NULL OR id = ANY (%(ids)s))
    AND (%(before)s::bigint IS NULL OR id < %(before)s)
ORDER BY id DESC
LIMIT %(limit)s
