-- name: append_entries
INSERT INTO audit_entry (who, kind, what, subject, why, before, after)
SELECT t.who, t.kind, t.what, t.subject, t.why, t.before, t.after
FROM unnest(
    %(who)b::text[], %(kind)b::text[], %(what)b::text[], %(subject)b::text[], %(why)b::text[], %(before)b::text[], %(after)b::text[]
) WITH ORDINALITY AS t (who, kind, what, subject, why, before, after, position)
ORDER BY t.position

-- name: try_to_seal
-- One seals at a time; the lock goes with the transaction, however that ends.
SELECT pg_try_advisory_xact_lock(%(lock)s)

-- name: take_unsealed
-- What is committed and in no batch yet, in the order of its numbers.
WITH taken AS (
    DELETE FROM audit_unsealed
    WHERE entry IN (SELECT entry FROM audit_unsealed ORDER BY entry LIMIT %(most)s)
    RETURNING entry
)
SELECT id, at, who, kind, what, subject, why, before, after
FROM audit_entry JOIN taken ON taken.entry = audit_entry.id
ORDER BY id

-- name: last_batch
SELECT id, sealed_at, total, head FROM audit_batch ORDER BY id DESC LIMIT 1

-- name: insert_batch
INSERT INTO audit_batch (id, entries, hashes, total, head)
VALUES (%(id)s, %(entries)b::bigint[], %(hashes)b::bytea[], %(total)s, %(head)s)
RETURNING id, sealed_at, total, head

-- name: heads_after
SELECT id, sealed_at, total, head FROM audit_batch WHERE id > %(id)s ORDER BY id

-- name: read_batches
SELECT id, sealed_at, total, head, entries, hashes FROM audit_batch ORDER BY id

-- name: read_entries
SELECT id, at, who, kind, what, subject, why, before, after FROM audit_entry WHERE id = ANY(%(ids)s)

-- name: stray_entries
-- Entries that no batch has and none is going to have.
WITH known AS (
    SELECT unnest(entries) AS entry FROM audit_batch UNION ALL SELECT entry FROM audit_unsealed
)
SELECT id, at, who, kind, what, subject, why, before, after
FROM audit_entry
WHERE NOT EXISTS (SELECT FROM known WHERE known.entry = audit_entry.id)
ORDER BY id

-- name: lost_entries
-- Entries that wait for their batch and are gone.
SELECT entry FROM audit_unsealed WHERE NOT EXISTS (SELECT FROM audit_entry WHERE id = entry) ORDER BY entry

-- name: count_unsealed
SELECT count(*) FROM audit_unsealed

-- name: find_entries
SELECT id, at, who, kind, what, subject, why, before, after
FROM audit_entry
WHERE (%(subject)s::text = '' OR subject = %(subject)s)
  AND (%(who)s::text = '' OR who = %(who)s)
  AND (%(what)s::text = '' OR what = %(what)s OR starts_with(what, %(what)s || '.'))
  AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR at < %(until)s)
  AND (%(before)s::bigint IS NULL OR id < %(before)s)
ORDER BY id DESC LIMIT %(limit)s
