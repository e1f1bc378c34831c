-- name: append_arrivals
-- What a batch brought to each stream, beside its documents. Nobody waits for anybody here.
INSERT INTO stream_arrival (connection, type, entity, documents, delivery, document, arrived_at)
SELECT * FROM unnest(
    %(connection)b::text[], %(type)b::text[], %(entity)b::text[], %(documents)b::integer[], %(delivery)b::bigint[], %(document)b::text[],
    %(received_at)b::timestamptz[]
)

-- name: try_to_fold
SELECT pg_try_advisory_xact_lock(%(lock)s)

-- name: fold_arrivals
WITH taken AS MATERIALIZED (
    DELETE FROM stream_arrival
    WHERE id IN (SELECT id FROM stream_arrival ORDER BY id LIMIT %(most)s)
    RETURNING *
), upserted AS (
    INSERT INTO stream AS s (connection, type, entity, documents, last_delivery, last_document, last_document_at)
    SELECT connection, type, entity, sum(documents), max(delivery), (array_agg(document ORDER BY arrived_at DESC, id DESC))[1], max(arrived_at)
    FROM taken
    GROUP BY connection, type, entity
    ON CONFLICT (connection, type, entity) DO UPDATE SET
        documents = s.documents + excluded.documents,
        last_delivery = greatest(s.last_delivery, excluded.last_delivery),
        last_document = CASE WHEN excluded.last_document_at < s.last_document_at THEN s.last_document ELSE excluded.last_document END,
        last_document_at = greatest(s.last_document_at, excluded.last_document_at)
    RETURNING s.id, s.connection, s.type, s.entity
), counted AS (
    INSERT INTO stream_count AS c (stream, began_at, documents)
    SELECT upserted.id, date_bin('5 minutes', taken.arrived_at, 'epoch'), sum(taken.documents)
    FROM taken JOIN upserted USING (connection, type, entity)
    GROUP BY 1, 2
    ON CONFLICT (stream, began_at) DO UPDATE SET documents = c.documents + excluded.documents
)
SELECT count(*) FROM taken

-- name: forget_counts
DELETE FROM stream_count WHERE began_at < %(before)s

-- name: read_streams
SELECT id, connection, type, entity, at_least, every, retention, expected_at, coalesce(last_document, ''), last_document_at, cursor_at,
       silent_since, documents
FROM stream
WHERE %(connection)s::text IS NULL OR connection = %(connection)s
ORDER BY connection, type, entity

-- name: count_since
-- Documents of each stream since an instant of its own.
SELECT t.stream, coalesce(sum(c.documents), 0)::bigint
FROM unnest(%(stream)b::bigint[], %(since)b::timestamptz[]) AS t (stream, since)
LEFT JOIN stream_count AS c ON c.stream = t.stream AND c.began_at >= date_bin('5 minutes', t.since, 'epoch') AND c.began_at <= %(now)s
GROUP BY t.stream

-- name: hourly_counts
-- Of streams of which nothing is expected.
SELECT stream, date_trunc('hour', began_at), sum(stream_count.documents)::bigint
FROM stream_count JOIN stream ON stream.id = stream_count.stream
WHERE began_at >= %(since)s AND stream.every IS NULL
GROUP BY 1, 2 ORDER BY 1, 2

-- name: expect_of_stream
INSERT INTO stream (connection, type, entity, at_least, every, retention, expected_at)
VALUES (%(connection)s, %(type)s, %(entity)s, %(at_least)s, %(every)s, %(retention)s, %(now)s)
ON CONFLICT (connection, type, entity) DO UPDATE SET
    at_least = excluded.at_least, every = excluded.every, retention = excluded.retention, expected_at = excluded.expected_at

-- name: progress_of_stream
-- How far a source was read. A cursor never goes back.
INSERT INTO stream AS s (connection, type, entity, cursor, cursor_at)
VALUES (%(connection)s, %(type)s, %(entity)s, %(cursor)s, %(cursor_at)s)
ON CONFLICT (connection, type, entity) DO UPDATE SET cursor = excluded.cursor, cursor_at = excluded.cursor_at
WHERE s.cursor_at IS NULL OR s.cursor_at <= excluded.cursor_at

-- name: set_silent
UPDATE stream SET silent_since = t.since
FROM unnest(%(stream)b::bigint[], %(since)b::timestamptz[]) AS t (stream, since)
WHERE stream.id = t.stream

-- name: read_stream_findings
SELECT subject, body FROM finding WHERE risk = 'stream_silent'

-- name: make_stream_instances
-- Findings stand on an instance. That of a stream belongs to no flow, is never dirty and never evaluated.
INSERT INTO instance (flow, key, entity)
SELECT %(flow)s, t.key, t.entity FROM unnest(%(key)b::text[], %(entity)b::text[]) AS t (key, entity)
ON CONFLICT (flow, key, stray) DO NOTHING

-- name: delete_stream_findings
DELETE FROM finding WHERE risk = 'stream_silent' AND subject = ANY(%(subject)b::text[])

-- name: insert_stream_findings
INSERT INTO finding (instance, n, risk, subject, period, entity, currency, exposure, tax, owner, since, body, seen_at)
SELECT instance.id, 0, 'stream_silent', t.subject, '', t.entity, t.currency, 0, 0, t.owner, t.since, t.body, %(now)s
FROM unnest(
    %(subject)b::text[], %(entity)b::text[], %(currency)b::text[], %(owner)b::text[], %(since)b::date[], %(body)b::bytea[]
) AS t (subject, entity, currency, owner, since, body)
JOIN instance ON instance.flow = %(flow)s AND instance.key = t.subject AND instance.stray = ''

-- name: tell_stream_findings
INSERT INTO finding_changed (risk, subject, period) SELECT 'stream_silent', subject, '' FROM unnest(%(subject)b::text[]) AS subject
