-- name: list_cases
-- A page of cases. Whoever may not see every entity (`within`) sees whole the cases of entities that they may see, and of the others
-- their own share. Planned anew each time with the values given, so that what is not asked for costs nothing.
WITH wanted AS NOT MATERIALIZED (
    SELECT *
    FROM case_
    WHERE CASE %(state)s::text WHEN 'current' THEN state <> 'closed' WHEN 'any' THEN true ELSE state = %(state)s::text END
        AND (%(owner)s::text IS NULL OR owner = %(owner)s::text)
        AND (%(risk)s::text IS NULL OR risk = %(risk)s::text)
        AND (%(group)s::text IS NULL OR "group" = %(group)s::text)
        AND (%(severity)s::text IS NULL OR severity = %(severity)s::text)
        AND (%(assignee)s::text IS NULL OR assignee = %(assignee)s::text AND (%(assignee)s::text = '' OR assignee <> ''))
        AND (%(customer)s::text IS NULL OR customer = %(customer)s::text)
        AND (%(late_at)s::timestamptz IS NULL OR due_at < %(late_at)s::timestamptz)
        AND (%(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s::bigint[]))
        AND (%(document)s::text IS NULL OR key = ANY(ARRAY(
            SELECT cause FROM case_finding WHERE subject = %(document)s::text
            UNION SELECT cause FROM case_finding WHERE documents @> ARRAY[%(document)s::text]
            UNION SELECT subject FROM case_hold WHERE document = %(document)s::text AND named
        )))
), page AS (
    (
        SELECT id, exposure, due_at, opened_at, closed_at, true AS is_whole
        FROM wanted
        WHERE (%(within)s::text[] IS NULL OR entity = ANY(%(within)s::text[]) AND entities <@ %(within)s::text[])
            AND (%(least)s::bigint IS NULL OR exposure >= %(least)s::bigint)
            AND CASE WHEN %(after_id)s::bigint IS NULL THEN true ELSE
                CASE %(sort)s::text
                    WHEN 'worth' THEN (exposure, id) < (%(after_number)s::bigint, %(after_id)s::bigint)
                    WHEN 'due' THEN (due_at, id) > (%(after_time)s::timestamptz, %(after_id)s::bigint)
                    WHEN 'age' THEN (opened_at, id) > (%(after_time)s::timestamptz, %(after_id)s::bigint)
                    ELSE (closed_at, id) < (%(after_time)s::timestamptz, %(after_id)s::bigint)
                END
            END
        ORDER BY
            CASE %(sort)s::text WHEN 'worth' THEN exposure END DESC, CASE %(sort)s::text WHEN 'due' THEN due_at END,
            CASE %(sort)s::text WHEN 'age' THEN opened_at END, CASE %(sort)s::text WHEN 'closed' THEN closed_at END DESC,
            CASE WHEN %(sort)s::text IN ('worth', 'closed') THEN id END DESC, CASE WHEN %(sort)s::text IN ('due', 'age') THEN id END
        LIMIT %(most)s::bigint
    )
    UNION ALL
    SELECT id, exposure, due_at, opened_at, closed_at, false
    FROM (
        SELECT id, due_at, opened_at, closed_at, (
            SELECT coalesce(sum(share.exposure), 0)::bigint
            FROM case_entity share
            WHERE share.case_id = wanted.id AND share.entity = ANY(%(within)s::text[])
        ) AS exposure
        FROM wanted
        WHERE %(within)s::text[] IS NOT NULL AND cardinality(entities) > 1
            AND entities && %(within)s::text[] AND NOT entities <@ %(within)s::text[]
    ) AS partly
    WHERE (%(least)s::bigint IS NULL OR exposure >= %(least)s::bigint)
        AND CASE WHEN %(after_id)s::bigint IS NULL THEN true ELSE
            CASE %(sort)s::text
                WHEN 'worth' THEN (exposure, id) < (%(after_number)s::bigint, %(after_id)s::bigint)
                WHEN 'due' THEN (due_at, id) > (%(after_time)s::timestamptz, %(after_id)s::bigint)
                WHEN 'age' THEN (opened_at, id) > (%(after_time)s::timestamptz, %(after_id)s::bigint)
                ELSE (closed_at, id) < (%(after_time)s::timestamptz, %(after_id)s::bigint)
            END
        END
)
SELECT to_json(case_)::text, page.is_whole, page.exposure
FROM (
    SELECT *
    FROM page
    ORDER BY
        CASE %(sort)s::text WHEN 'worth' THEN exposure END DESC, CASE %(sort)s::text WHEN 'due' THEN due_at END,
        CASE %(sort)s::text WHEN 'age' THEN opened_at END, CASE %(sort)s::text WHEN 'closed' THEN closed_at END DESC,
        CASE WHEN %(sort)s::text IN ('worth', 'closed') THEN id END DESC, CASE WHEN %(sort)s::text IN ('due', 'age') THEN id END
    LIMIT %(most)s::bigint
) AS page
JOIN case_ USING (id)
ORDER BY
    CASE %(sort)s::text WHEN 'worth' THEN page.exposure END DESC, CASE %(sort)s::text WHEN 'due' THEN page.due_at END,
    CASE %(sort)s::text WHEN 'age' THEN page.opened_at END, CASE %(sort)s::text WHEN 'closed' THEN page.closed_at END DESC,
    CASE WHEN %(sort)s::text IN ('worth', 'closed') THEN id END DESC, CASE WHEN %(sort)s::text IN ('due', 'age') THEN id END

-- name: shares_of_cases
SELECT case_id, entity, findings, by_group, amounts
FROM case_entity
WHERE case_id = ANY(%(ids)b::bigint[]) AND entity = ANY(%(within)b::text[])
ORDER BY case_id, entity

-- name: find_cases
SELECT to_json(case_)::text FROM case_ WHERE id = ANY(%(ids)b::bigint[]) ORDER BY id

-- name: proposers_for_customers
-- Who proposed, since a time, that a risk of these customers be accepted.
SELECT DISTINCT case_.customer, case_event.who
FROM case_event
JOIN case_ ON case_.id = case_event.case_id
WHERE case_event.what = 'acceptance proposed' AND case_event.at >= %(since)s
    AND case_.customer <> '' AND case_.customer = ANY(%(customers)b::text[])

-- name: events_of_case
SELECT to_json(case_event)::text
FROM case_event
WHERE case_id = %(id)s AND (%(before)s::integer IS NULL OR n < %(before)s::integer)
ORDER BY n DESC
LIMIT %(most)s

-- name: findings_of_case
-- A page of a case's findings, the dearest first, each with the instances that see it.
SELECT risk, subject, period, currency, "group", entity, customer, exposure, tax, since, deadline, variant, why, ARRAY(
    SELECT instance.flow || ' ' || instance.key || coalesce(' ' || nullif(instance.stray, ''), '')
    FROM finding
    JOIN instance ON instance.id = finding.instance
    WHERE (finding.risk, finding.subject, finding.period) = (f.risk, f.subject, f.period) AND finding.currency = f.currency
    ORDER BY 1
    LIMIT 10
)
FROM case_finding f
WHERE cause = %(key)s
    AND (%(within)s::text[] IS NULL OR entity = ANY(%(within)s::text[]))
ORDER BY exposure DESC, risk, subject, period, currency
LIMIT %(most)s OFFSET %(skip)s

-- name: times_of_queues
-- How old the cases of each queue are that are not closed, and how long those took that were closed since. In hours; whoever may not see
-- every entity in a case does not see it counted.
SELECT owner,
    count(*) FILTER (WHERE state <> 'closed')::integer,
    count(*) FILTER (WHERE state = 'open' AND due_at < %(now)s)::integer,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM %(now)s - clock_at) / 3600)
        FILTER (WHERE state <> 'closed')::double precision,
    (max(extract(epoch FROM %(now)s - clock_at) / 3600) FILTER (WHERE state <> 'closed'))::double precision,
    count(*) FILTER (WHERE state = 'closed')::integer,
    count(*) FILTER (WHERE state = 'closed' AND closed_at <= due_at)::integer,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM closed_at - clock_at) / 3600)
        FILTER (WHERE state = 'closed')::double precision,
    percentile_disc(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM closed_at - clock_at) / 3600)
        FILTER (WHERE state = 'closed')::double precision
FROM case_
WHERE (state <> 'closed' OR closed_at >= %(since)s)
    AND (%(within)s::text[] IS NULL OR entities <@ %(within)s::text[])
GROUP BY owner
ORDER BY owner

-- name: risk_as_it_stands
-- Every finding in exactly one cell. The age is in days since it began.
SELECT "group", risk, owner, entity, currency,
    CASE WHEN age IS NULL THEN -1 WHEN age < 8 THEN 0 WHEN age < 31 THEN 8 WHEN age < 91 THEN 31 WHEN age < 366 THEN 91 ELSE 366 END,
    count(*)::integer, sum(exposure)::bigint
FROM (
    SELECT "group", risk, owner, entity, currency, exposure, %(day)s::date - since AS age
    FROM case_finding
    WHERE %(within)s::text[] IS NULL OR entity = ANY(%(within)s::text[])
) AS aged
GROUP BY 1, 2, 3, 4, 5, 6
