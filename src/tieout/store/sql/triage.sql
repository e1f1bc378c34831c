-- name: try_to_triage
-- Cases span instances: who holds a document up, and what is held, may come from two verdicts. So one worker triages at a time.
SELECT pg_try_advisory_xact_lock(%(lock)s)

-- name: claim_changed_findings
-- The next identities, with every time that each was told within reach: a code that 10,000 verdicts tell of is followed once. Only
-- whoever triages takes from here, so nothing is locked.
WITH head AS MATERIALIZED (
    SELECT id, risk, subject, period FROM finding_changed ORDER BY id LIMIT %(most)s * 20
), chosen AS (
    SELECT risk, subject, period FROM head GROUP BY risk, subject, period ORDER BY min(id) LIMIT %(most)s
)
DELETE FROM finding_changed
USING head JOIN chosen USING (risk, subject, period)
WHERE finding_changed.id = head.id
RETURNING head.id, head.risk, head.subject, head.period

-- name: set_findings_aside
WITH gone AS (
    DELETE FROM finding_changed WHERE id = ANY(%(ids)b::bigint[]) RETURNING risk, subject, period
)
INSERT INTO finding_set_aside (risk, subject, period, reason, at)
SELECT DISTINCT risk, subject, period, %(reason)s, %(now)s::timestamptz FROM gone
ON CONFLICT (risk, subject, period) DO UPDATE SET (reason, at) = (EXCLUDED.reason, EXCLUDED.at)

-- name: take_findings_up
WITH up AS (
    DELETE FROM finding_set_aside WHERE at <= %(before)s RETURNING risk, subject, period
)
INSERT INTO finding_changed (risk, subject, period) SELECT risk, subject, period FROM up

-- name: findings_of_identities
SELECT finding.body
FROM unnest(%(risk)b::text[], %(subject)b::text[], %(period)b::text[]) AS t (risk, subject, period)
JOIN finding USING (risk, subject, period)

-- name: case_findings_of_identities
SELECT to_json(case_finding)::text
FROM unnest(%(risk)b::text[], %(subject)b::text[], %(period)b::text[]) AS t (risk, subject, period)
JOIN case_finding USING (risk, subject, period)

-- name: replace_holds
-- Sets what each overlay holds up. Answers with the documents that one of them began, or ceased, to hold. NOT IN, since it is hashed
-- whatever the planner thinks of the arrays; as an anti-join it took n² where a code holds ten thousand documents.
WITH overlay AS MATERIALIZED (
    SELECT *
    FROM unnest(%(rank)b::smallint[], %(subject)b::text[], %(period)b::text[], %(currency)b::text[]) WITH ORDINALITY
        AS t (rank, subject, period, currency, n)
), given AS MATERIALIZED (
    SELECT t.document, overlay.rank, overlay.subject, overlay.period, overlay.currency, t.named
    FROM unnest(%(n)b::bigint[], %(document)b::text[], %(named)b::boolean[]) AS t (n, document, named)
    JOIN overlay USING (n)
), ceased AS (
    DELETE FROM case_hold h
    USING overlay o
    WHERE (h.subject, h.rank, h.period, h.currency) = (o.subject, o.rank, o.period, o.currency)
        AND (h.document, h.subject, h.rank, h.period, h.currency) NOT IN (
            SELECT document, subject, rank, period, currency FROM given
        )
    RETURNING h.document
), begun AS (
    INSERT INTO case_hold (document, rank, subject, period, currency, named)
    SELECT document, rank, subject, period, currency, named FROM given
    ON CONFLICT (document, rank, subject, period, currency) DO UPDATE SET named = EXCLUDED.named
    WHERE case_hold.named <> EXCLUDED.named
    RETURNING document
)
SELECT document FROM ceased UNION SELECT document FROM begun

-- name: case_findings_of_documents
-- One probe of the index for each document: an overlap with thousands of them would be compared row by row.
SELECT to_json(f)::text
FROM (
    SELECT DISTINCT f.risk, f.subject, f.period, f.currency
    FROM unnest(%(documents)b::text[]) AS t (document)
    CROSS JOIN LATERAL (
        SELECT risk, subject, period, currency FROM case_finding WHERE documents @> ARRAY[t.document] OFFSET 0
    ) AS f
) AS held
JOIN case_finding f USING (risk, subject, period, currency)

-- name: holders_of_documents
SELECT DISTINCT ON (document) document, subject
FROM case_hold
WHERE document = ANY(%(documents)b::text[])
ORDER BY document, rank, subject

-- name: put_case_findings
INSERT INTO case_finding
SELECT * FROM json_populate_recordset(NULL::case_finding, %(rows)s::json)
ON CONFLICT (risk, subject, period, currency) DO UPDATE SET
    ("group", rank, cause, documents, holds, entity, owner, customer, exposure, tax, since, deadline, variant, why)
    = (EXCLUDED."group", EXCLUDED.rank, EXCLUDED.cause, EXCLUDED.documents, EXCLUDED.holds, EXCLUDED.entity, EXCLUDED.owner, EXCLUDED.customer,
       EXCLUDED.exposure, EXCLUDED.tax, EXCLUDED.since, EXCLUDED.deadline, EXCLUDED.variant, EXCLUDED.why)

-- name: remove_case_findings
DELETE FROM case_finding
USING unnest(%(risk)b::text[], %(subject)b::text[], %(period)b::text[], %(currency)b::text[]) AS t (risk, subject, period, currency)
WHERE (case_finding.risk, case_finding.subject, case_finding.period, case_finding.currency) = (t.risk, t.subject, t.period, t.currency)

-- name: parts_of_causes
SELECT cause, "group", currency, entity, count(*)::integer, sum(exposure)::bigint, min(since), min(deadline)
FROM case_finding
WHERE cause = ANY(%(keys)b::text[])
GROUP BY cause, "group", currency, entity

-- name: overlays_of_causes
-- The overlays that are themselves the cause: they speak for it.
SELECT cause, risk, subject, period, currency, exposure, why, owner, entity, customer
FROM case_finding
WHERE subject = ANY(%(keys)b::text[]) AND cause = subject AND "group" = 'overlay'

-- name: dearest_of_causes
-- The dearest finding of each currency: one of them speaks for its cause.
SELECT DISTINCT ON (cause, currency) cause, risk, subject, period, currency, exposure, why, owner, entity, customer
FROM case_finding
WHERE cause = ANY(%(keys)b::text[])
ORDER BY cause, currency, exposure DESC, rank, subject DESC, period DESC

-- name: documents_of_causes
SELECT cause, count(*)::integer
FROM (
    SELECT cause, subject AS document FROM case_finding WHERE cause = ANY(%(keys)b::text[]) AND "group" <> 'overlay'
    UNION
    SELECT subject, document FROM case_hold WHERE subject = ANY(%(keys)b::text[]) AND named
) AS about
GROUP BY cause

-- name: insert_cases
INSERT INTO case_ (
    key, version, state, risk, "group", title, owner, entity, entities, customer, findings, documents, currency, exposure, by_group,
    amounts, since, deadline, severity, opened_at, clock_at, due_at, level, wake_at, closed_at, returns, assignee, note, links,
    snoozed_until, snoozed_at, acceptance, claim, policy
)
SELECT
    key, version, state, risk, "group", title, owner, entity, entities, customer, findings, documents, currency, exposure, by_group,
    amounts, since, deadline, severity, opened_at, clock_at, due_at, level, wake_at, closed_at, returns, assignee, note, links,
    snoozed_until, snoozed_at, acceptance, claim, policy
FROM json_populate_recordset(NULL::case_, %(rows)s::json)
ORDER BY exposure DESC, key
RETURNING id, key

-- name: update_cases
UPDATE case_ SET (
    version, state, risk, "group", title, owner, entity, entities, customer, findings, documents, currency, exposure, by_group,
    amounts, since, deadline, severity, opened_at, clock_at, due_at, level, wake_at, closed_at, returns, assignee, note, links,
    snoozed_until, snoozed_at, acceptance, claim, policy
) = (
    t.version, t.state, t.risk, t."group", t.title, t.owner, t.entity, t.entities, t.customer, t.findings, t.documents, t.currency,
    t.exposure, t.by_group, t.amounts, t.since, t.deadline, t.severity, t.opened_at, t.clock_at, t.due_at, t.level, t.wake_at,
    t.closed_at, t.returns, t.assignee, t.note, t.links, t.snoozed_until, t.snoozed_at, t.acceptance, t.claim, t.policy
)
FROM json_populate_recordset(NULL::case_, %(rows)s::json) AS t
WHERE case_.id = t.id

-- name: insert_case_events
INSERT INTO case_event
SELECT * FROM json_populate_recordset(NULL::case_event, %(rows)s::json)

-- name: replace_case_entities
WITH gone AS (
    DELETE FROM case_entity WHERE case_id = ANY(%(cases)b::bigint[])
        AND (case_id, entity) NOT IN (SELECT case_id, entity FROM json_populate_recordset(NULL::case_entity, %(rows)s::json))
)
INSERT INTO case_entity
SELECT * FROM json_populate_recordset(NULL::case_entity, %(rows)s::json)
ON CONFLICT (case_id, entity) DO UPDATE SET
    (findings, exposure, by_group, amounts) = (EXCLUDED.findings, EXCLUDED.exposure, EXCLUDED.by_group, EXCLUDED.amounts)

-- name: lock_cases_by_key
-- Locked in the order of their keys, as everywhere.
SELECT to_json(case_)::text FROM case_ WHERE key = ANY(%(keys)b::text[]) ORDER BY key FOR UPDATE

-- name: lock_cases
SELECT to_json(case_)::text FROM case_ WHERE id = ANY(%(ids)b::bigint[]) ORDER BY key FOR UPDATE

-- name: lock_due_cases
SELECT id, to_json(case_)::text FROM case_ WHERE wake_at <= %(now)s ORDER BY wake_at LIMIT %(most)s FOR UPDATE SKIP LOCKED

-- name: wake_cases_later
UPDATE case_ SET wake_at = %(later)s WHERE id = ANY(%(ids)b::bigint[])

-- name: leave_cases_as_weighed
UPDATE case_ SET policy = %(policy)s WHERE key = ANY(%(keys)b::text[])

-- name: cases_of_other_policies
SELECT key FROM case_ WHERE state <> 'closed' AND (policy < %(policy)s OR policy > %(policy)s) ORDER BY key LIMIT %(most)s

-- name: evaluated_since
-- Of the cases claimed fixed, those of which every instance was evaluated since. What belongs to no flow (a silent stream) is judged
-- every minute, and never marked.
SELECT t.key
FROM unnest(%(key)b::text[], %(at)b::timestamptz[]) AS t (key, at)
JOIN case_finding ON case_finding.cause = t.key
JOIN finding USING (risk, subject, period)
JOIN instance ON instance.id = finding.instance
GROUP BY t.key
HAVING bool_and(coalesce(instance.evaluated_at > t.at, %(now)s - t.at > interval '5 minutes'))

-- name: ask_for_verdicts
-- Marks every instance of a case, for its next verdict to say whether it is mended. Instances are locked before cases.
WITH asked AS (
    SELECT instance.id
    FROM instance
    WHERE instance.flow <> 'stream' AND instance.id IN (
        SELECT finding.instance
        FROM case_finding
        JOIN finding USING (risk, subject, period)
        WHERE case_finding.cause IN (SELECT key FROM case_ WHERE id = ANY(%(ids)b::bigint[]))
    ) AND instance.evaluated_at IS NOT NULL
    ORDER BY instance.id
    FOR UPDATE
)
UPDATE instance SET dirty_at = coalesce(dirty_at, %(now)s), lane = 0
FROM asked
WHERE instance.id = asked.id
