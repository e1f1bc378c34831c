-- name: read_figure
SELECT period, entity, wanted_at, computed_at, known_at, as_of, coalesce(policy, 0), code, body, problem
FROM figure WHERE period = %(period)s AND entity = %(entity)s

-- name: want_figure
INSERT INTO figure (period, entity, wanted_at) VALUES (%(period)s, %(entity)s, %(now)s)
ON CONFLICT (period, entity) DO UPDATE SET wanted_at = coalesce(figure.wanted_at, excluded.wanted_at)

-- name: next_wanted_figure
SELECT period, entity FROM figure WHERE wanted_at IS NOT NULL ORDER BY wanted_at, period, entity LIMIT 1

-- name: keep_figure
INSERT INTO figure (period, entity, computed_at, known_at, as_of, policy, code, body)
VALUES (%(period)s, %(entity)s, %(computed_at)s, %(known_at)s, %(as_of)s, %(policy)s, %(code)s, %(body)b)
ON CONFLICT (period, entity) DO UPDATE SET
    wanted_at = NULL, computed_at = excluded.computed_at, known_at = excluded.known_at, as_of = excluded.as_of, policy = excluded.policy,
    code = excluded.code, body = excluded.body, problem = NULL

-- name: figure_failed
UPDATE figure SET wanted_at = NULL, problem = %(problem)s WHERE period = %(period)s AND entity = %(entity)s

-- name: heard_after
-- Whether anything was heard of after an instant, or decided.
SELECT EXISTS (SELECT FROM observation WHERE recorded_at > %(at)s), (SELECT coalesce(max(id), 0) FROM policy_version)

-- name: try_to_compute
SELECT pg_try_advisory_lock(%(lock)s)
