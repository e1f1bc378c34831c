-- name: add_person
INSERT INTO person (name) VALUES (%(name)s)
ON CONFLICT (name) DO UPDATE SET disabled_at = NULL

-- name: grant_roles
INSERT INTO person_role (person, role, entity)
SELECT %(name)s, role, entity
FROM unnest(%(roles)b::text[]) AS role CROSS JOIN unnest(%(entities)b::text[]) AS entity
ON CONFLICT DO NOTHING

-- name: withdraw_roles
DELETE FROM person_role WHERE person = %(name)s

-- name: disable_person
UPDATE person SET disabled_at = coalesce(disabled_at, now()) WHERE name = %(name)s RETURNING name

-- name: list_people
SELECT name, disabled_at, coalesce(array_agg(role ORDER BY role, entity) FILTER (WHERE role IS NOT NULL), '{}'),
    coalesce(array_agg(entity ORDER BY role, entity) FILTER (WHERE role IS NOT NULL), '{}')
FROM person LEFT JOIN person_role ON person = name
GROUP BY name
ORDER BY name

-- name: add_token
INSERT INTO token (sha256, name, kind, holder, scopes, entities, expires_at)
VALUES (%(sha256)s, %(name)s, %(kind)s, %(holder)s, %(scopes)s, %(entities)s, now() + make_interval(days => %(days)s))
RETURNING id

-- name: revoke_token
UPDATE token SET revoked_at = coalesce(revoked_at, now()) WHERE id = %(id)s RETURNING id, name

-- name: list_tokens
SELECT id, name, kind, holder, scopes, entities, created_at, expires_at, revoked_at FROM token ORDER BY id

-- name: find_token
-- A token that is good now: not revoked, not past its time, and if it speaks for a person, one who is not disabled; with their roles.
SELECT token.kind, token.holder, token.scopes, token.entities,
    coalesce(array_agg(role ORDER BY role, entity) FILTER (WHERE role IS NOT NULL), '{}'),
    coalesce(array_agg(entity ORDER BY role, entity) FILTER (WHERE role IS NOT NULL), '{}')
FROM token
LEFT JOIN person ON token.kind = 'person' AND person.name = token.holder
LEFT JOIN person_role ON person_role.person = person.name
WHERE token.sha256 = %(sha256)s
    AND token.revoked_at IS NULL
    AND (token.expires_at IS NULL OR token.expires_at > now())
    AND (token.kind = 'service' OR (person.name IS NOT NULL AND person.disabled_at IS NULL))
GROUP BY token.id
