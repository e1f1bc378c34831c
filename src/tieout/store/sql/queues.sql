-- name: measure_queues
-- What waits, and for how many seconds the first of it has waited. Counting ends at %(most)s: more than that is just as much too many.
SELECT 'deliveries',
       (SELECT count(*) FROM (SELECT FROM delivery WHERE state = 0 LIMIT %(most)s) AS waiting),
       (SELECT extract(epoch FROM now() - received_at) FROM delivery WHERE state = 0 ORDER BY id LIMIT 1)
UNION ALL
SELECT 'touched', (SELECT count(*) FROM (SELECT FROM touched LIMIT %(most)s) AS waiting), NULL
UNION ALL
SELECT 'instances',
       (SELECT count(*) FROM (SELECT FROM instance WHERE dirty_at IS NOT NULL AND lane = 0 LIMIT %(most)s) AS waiting),
       (SELECT extract(epoch FROM now() - min(dirty_at)) FROM instance WHERE dirty_at IS NOT NULL AND lane = 0)
UNION ALL
SELECT 'storm',
       (SELECT count(*) FROM (SELECT FROM instance WHERE dirty_at IS NOT NULL AND lane <> 0 LIMIT %(most)s) AS waiting),
       (SELECT extract(epoch FROM now() - min(dirty_at)) FROM instance WHERE dirty_at IS NOT NULL AND lane <> 0)
UNION ALL
SELECT 'findings', (SELECT count(*) FROM (SELECT FROM finding_changed LIMIT %(most)s) AS waiting), NULL
UNION ALL
SELECT 'aside', (SELECT count(*) FROM finding_set_aside), NULL
UNION ALL
SELECT 'trail',
       (SELECT count(*) FROM (SELECT FROM audit_unsealed LIMIT %(most)s) AS waiting),
       (SELECT extract(epoch FROM now() - at) FROM audit_entry WHERE id = (SELECT min(entry) FROM audit_unsealed))
UNION ALL
SELECT 'refused', (SELECT count(*) FROM (SELECT FROM delivery WHERE state = 2 LIMIT %(most)s) AS waiting), NULL
UNION ALL
SELECT 'problems', (SELECT count(*) FROM (SELECT FROM instance WHERE problem IS NOT NULL LIMIT %(most)s) AS waiting), NULL

-- name: feel_streams
SELECT connection, type, entity, extract(epoch FROM now() - last_document_at), silent_since IS NOT NULL
FROM stream ORDER BY connection, type, entity
