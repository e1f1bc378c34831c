-- name: current_policy
SELECT policy_version.id, policy_version.body FROM policy_current JOIN policy_version USING (id)

-- name: decide
WITH made AS (
    INSERT INTO policy_version (at, who, why, hash, body) VALUES (%(now)s, %(who)s, %(why)s, %(hash)s, %(body)s) RETURNING id
)
UPDATE policy_current SET id = made.id, stamp = stamp + 1 FROM made RETURNING policy_current.id
