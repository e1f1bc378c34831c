-- Who works here, in which role, for which legal entities; and the ways in that are set up here.
CREATE TABLE person (
    name        text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9._@+-]{0,99}$'),
    created_at  timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz
);

CREATE TABLE person_role (
    person     text NOT NULL REFERENCES person,
    role       text NOT NULL,
    entity     text NOT NULL CHECK (entity <> ''),
    granted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (person, role, entity)
);

COMMENT ON COLUMN person_role.entity IS 'The legal entity in which the role holds; * is all of them.';

CREATE TABLE connection (
    name       text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    kind       text NOT NULL CHECK (kind IN ('webhook', 'folder', 'sftp', 'broker')),
    scheme     text NOT NULL,
    options    jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON COLUMN connection.scheme IS 'How a delivery proves that it comes from whom it says: hmac, standard-webhooks, none.';

CREATE TABLE connection_secret (
    connection text NOT NULL REFERENCES connection ON DELETE CASCADE,
    added_at   timestamptz NOT NULL DEFAULT now(),
    ends_at    timestamptz,
    sealed     bytea NOT NULL,
    PRIMARY KEY (connection, sealed)
);

COMMENT ON COLUMN connection_secret.sealed IS 'Encrypted under a key that is not in the database.';
COMMENT ON COLUMN connection_secret.ends_at IS 'When a secret that was replaced stops being accepted.';
