-- What each system currently says, what follows from it, and what is still to be worked out.
-- Keys sort by their bytes (COLLATE "C"), as everywhere else: the order in which instances share a document depends on it.

-- History: every observation that was new when it came. Partitioned by the month of arrival; `observation_rest` catches what no
-- partition is made for yet.
CREATE TABLE observation (
    key         text COLLATE "C" NOT NULL,
    version     bigint NOT NULL,
    arrival     bigint NOT NULL,
    n           integer NOT NULL,
    digest      bytea NOT NULL,
    body        bytea NOT NULL,
    recorded_at timestamptz NOT NULL
) PARTITION BY RANGE (recorded_at);
CREATE TABLE observation_rest PARTITION OF observation DEFAULT;
CREATE INDEX observation_key ON observation (key, version, arrival, n);

COMMENT ON COLUMN observation.arrival IS 'The delivery that it came in, and n its place there: what orders observations of one version.';
COMMENT ON COLUMN observation.body IS 'The document as canonical JSON.';

-- The newest observation of each document of each system.
CREATE TABLE record (
    key     text COLLATE "C" PRIMARY KEY,
    type    text NOT NULL,
    system  text NOT NULL,
    entity  text NOT NULL,
    version bigint NOT NULL,
    arrival bigint NOT NULL,
    n       integer NOT NULL,
    digest  bytea NOT NULL,
    body    bytea NOT NULL,
    mirrors text COLLATE "C",
    root    text COLLATE "C" NOT NULL,
    deleted boolean NOT NULL
) WITH (fillfactor = 90);
CREATE INDEX record_root ON record (root);
CREATE INDEX record_mirrors ON record (mirrors) WHERE mirrors IS NOT NULL;
CREATE INDEX record_type ON record (type, key);

COMMENT ON COLUMN record.key IS 'type/system/id';
COMMENT ON COLUMN record.root IS 'The document at the end of its mirrors: every view of one document has the same root.';

-- Which document names which, by the field that does.
CREATE TABLE edge (
    from_key  text COLLATE "C" NOT NULL,
    field     text NOT NULL,
    n         integer NOT NULL,
    to_key    text COLLATE "C" NOT NULL,
    from_type text NOT NULL,
    PRIMARY KEY (from_key, field, n)
);
CREATE INDEX edge_to ON edge (to_key, from_type, field) INCLUDE (from_key, n);

COMMENT ON COLUMN edge.n IS 'Place in the list or among the lines, from 1; 0 for a plain field.';

-- Documents whose instances are to be found and marked: written with what changed, taken away by a transaction of its own. (Two
-- workers that add the two ends of a path at once would both miss the join, if they looked for it before they commit.)
CREATE TABLE touched (
    id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text COLLATE "C" NOT NULL
);

-- Documents of which another instance of a flow has become a holder, or has ceased to be one: written with the members likewise.
CREATE TABLE holding_changed (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    flow     text NOT NULL,
    relation text NOT NULL,
    key      text COLLATE "C" NOT NULL
);

-- One flow's anchor with what belongs to it, or a document that should belong to one and does not (`stray`: its relation).
CREATE TABLE instance (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    flow         text NOT NULL,
    key          text COLLATE "C" NOT NULL,
    stray        text NOT NULL DEFAULT '',
    entity       text NOT NULL DEFAULT '',
    lane         smallint NOT NULL DEFAULT 0,  -- 0 somebody waits for it · 1 storms: time, policy
    dirty_at     timestamptz,
    wake_at      timestamptz,
    policy       bigint,
    evaluated_at timestamptz,
    digest       bytea,
    verdict      bytea,
    problem      text,
    UNIQUE (flow, key, stray)
) WITH (fillfactor = 80);
CREATE INDEX instance_dirty ON instance (lane, dirty_at) WHERE dirty_at IS NOT NULL;
CREATE INDEX instance_wake ON instance (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX instance_key ON instance (key);
CREATE INDEX instance_entity ON instance (entity);

COMMENT ON COLUMN instance.dirty_at IS 'Since when it waits to be evaluated; NULL: its verdict is of what is known.';
COMMENT ON COLUMN instance.digest IS 'sha256 of the whole verdict, positions included, as canonical JSON.';
COMMENT ON COLUMN instance.problem IS 'Why it could not be evaluated: a fault of ours, shown to whoever mends it.';

-- The documents of an instance. `shared` and `owns` as it was judged: a document of several instances is cut by its lines.
CREATE TABLE member (
    instance bigint NOT NULL REFERENCES instance ON DELETE CASCADE,
    relation text NOT NULL,
    key      text COLLATE "C" NOT NULL,
    flow     text NOT NULL,
    anchor   text COLLATE "C" NOT NULL,
    first    bigint NOT NULL,
    shared   boolean NOT NULL,
    owns     boolean NOT NULL,
    PRIMARY KEY (instance, relation, key)
);
CREATE INDEX member_key ON member (key, flow, relation, first, anchor) INCLUDE (instance);
CREATE INDEX member_alone ON member (key, flow, relation) WHERE NOT shared;
CREATE INDEX member_owner ON member (key, flow, relation) WHERE shared AND owns;

-- What is wrong, in money, as the verdicts stand.
CREATE TABLE finding (
    instance bigint NOT NULL REFERENCES instance ON DELETE CASCADE,
    n        integer NOT NULL,
    risk     text NOT NULL,
    subject  text COLLATE "C" NOT NULL,
    period   text NOT NULL,
    entity   text NOT NULL,
    currency text NOT NULL,
    exposure bigint NOT NULL,
    tax      bigint NOT NULL,
    owner    text NOT NULL,
    since    date,
    body     bytea NOT NULL,
    seen_at  timestamptz NOT NULL,
    PRIMARY KEY (instance, n)
);
CREATE INDEX finding_identity ON finding (risk, subject, period);
CREATE INDEX finding_subject ON finding (subject);

COMMENT ON TABLE finding IS 'Parts with one (risk, subject, period, currency) are one finding: process.findings.merge puts them together.';

-- Identities of findings that a verdict added, changed or took away: cases follow them.
CREATE TABLE finding_changed (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    risk    text NOT NULL,
    subject text COLLATE "C" NOT NULL,
    period  text NOT NULL
);

-- Who read which entry of the policy (crosswalk/item/SKU-7), misses included.
CREATE TABLE depends (
    entry    text NOT NULL,
    instance bigint NOT NULL REFERENCES instance ON DELETE CASCADE,
    PRIMARY KEY (entry, instance)
);
CREATE INDEX depends_instance ON depends (instance);

CREATE TABLE policy_version (
    id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at   timestamptz NOT NULL DEFAULT now(),
    who  text NOT NULL,
    why  text NOT NULL,
    hash text NOT NULL,
    body bytea NOT NULL
);

COMMENT ON COLUMN policy_version.body IS 'Everything decided, as JSON: engine.decided.Decided.';

-- The one row that evaluations hold FOR SHARE until they commit: whoever changes the policy waits for them, and none commits over it.
CREATE TABLE policy_current (
    one   boolean PRIMARY KEY DEFAULT true CHECK (one),
    id    bigint REFERENCES policy_version,
    stamp bigint NOT NULL DEFAULT 0
);
INSERT INTO policy_current DEFAULT VALUES;

COMMENT ON COLUMN policy_current.stamp IS 'Counts changes of what is a policy by nature and arrives as documents: accounting periods, and who holds what.';

-- Which entities' documents of a type a system has told of: a system that holds some and is not complete proves no absence.
CREATE TABLE holder (
    system text NOT NULL,
    type   text NOT NULL,
    entity text NOT NULL,
    PRIMARY KEY (system, type, entity)
);
