-- name: insert_seal
INSERT INTO sealed_figure (period, entity, as_of, sealed_at, who, why, known_at, visible, policy, policy_hash, code, body, sha256)
VALUES (
    %(period)s, %(entity)s, %(as_of)s, %(sealed_at)s, %(who)s, %(why)s, %(known_at)s, %(visible)s, %(policy)s, %(policy_hash)s, %(code)s,
    %(body)b, %(sha256)b
)
RETURNING id

-- name: list_seals
SELECT id, period, entity, as_of, sealed_at, who, why, known_at, visible, coalesce(policy, 0), policy_hash, code, sha256
FROM sealed_figure ORDER BY period DESC, entity, id DESC

-- name: newest_seal
SELECT id, period, entity, as_of, sealed_at, who, why, known_at, visible, coalesce(policy, 0), policy_hash, code, sha256
FROM sealed_figure WHERE period = %(period)s AND entity = %(entity)s ORDER BY id DESC LIMIT 1

-- name: sealed_body
SELECT body FROM sealed_figure WHERE id = %(id)s
