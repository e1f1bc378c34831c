-- name: add_connection
INSERT INTO connection (name, kind, scheme, options) VALUES (%(name)s, %(kind)s, %(scheme)s, %(options)s)
ON CONFLICT DO NOTHING
RETURNING name

-- name: add_secret
INSERT INTO connection_secret (connection, sealed) VALUES (%(name)s, %(sealed)s)

-- name: end_secrets
UPDATE connection_secret SET ends_at = now() + %(overlap)s
WHERE connection = %(name)s AND (ends_at IS NULL OR ends_at > now() + %(overlap)s)

-- name: remove_connection
DELETE FROM connection WHERE name = %(name)s

-- name: lock_secrets
SELECT connection, sealed FROM connection_secret ORDER BY connection, added_at FOR UPDATE

-- name: replace_secret
UPDATE connection_secret SET sealed = %(new)s WHERE connection = %(name)s AND sealed = %(old)s

-- name: list_connections
SELECT name, kind, scheme, options, created_at, count(sealed)
FROM connection
LEFT JOIN connection_secret ON connection_secret.connection = name AND (ends_at IS NULL OR ends_at > now())
GROUP BY name
ORDER BY name

-- name: open_connection
SELECT kind, scheme, options, coalesce(array_agg(sealed ORDER BY added_at DESC) FILTER (WHERE sealed IS NOT NULL), '{}')
FROM connection
LEFT JOIN connection_secret ON connection_secret.connection = name AND (ends_at IS NULL OR ends_at > now())
WHERE name = %(name)s
GROUP BY name
