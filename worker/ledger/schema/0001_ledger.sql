-- What greylag keeps in a target's database. `@schema@` is replaced by the quoted name of greylag's schema, so that
-- every name is qualified: what a migration does to search_path does not matter here.
CREATE TABLE @schema@.target (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fleet       text NOT NULL,
    environment text NOT NULL,
    service     text NOT NULL,
    target      text NOT NULL,
    UNIQUE (fleet, environment, service, target)
);

-- The fence in force: one row for each target. Every step share-locks it inside its own transaction.
CREATE TABLE @schema@.fence (
    target_id         integer PRIMARY KEY REFERENCES @schema@.target,
    epoch             bigint NOT NULL,
    term              text NOT NULL,
    sequence          bigint NOT NULL,
    digest            text NOT NULL,
    system_identifier text NOT NULL,
    timeline          integer NOT NULL,
    raised_at         timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Append-only: one row for each request that has an outcome. Positions rise for ever.
-- No foreign keys from here on: every step would pay for them, and rows of `target` are never deleted.
CREATE TABLE @schema@.history (
    position    bigint GENERATED ALWAYS AS IDENTITY,
    target_id   integer NOT NULL,
    request     text NOT NULL,
    release     text NOT NULL,
    direction   text NOT NULL,
    kind        text NOT NULL,
    migration   text NOT NULL,
    checksum    text NOT NULL,
    attempt     bigint NOT NULL,
    sequence    bigint NOT NULL,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    sqlstate    text NOT NULL DEFAULT '',
    message     text NOT NULL DEFAULT '',
    line        bigint NOT NULL DEFAULT 0,
    "left"      text NOT NULL DEFAULT '',
    detail      text NOT NULL DEFAULT '',
    PRIMARY KEY (target_id, position),
    CONSTRAINT history_request UNIQUE (request, target_id)
);

-- What is in effect now: `up` inserts, `down` deletes exactly one row, in the transaction of the step.
CREATE TABLE @schema@.applied (
    target_id integer NOT NULL,
    migration text NOT NULL,
    checksum  text NOT NULL,
    request   text NOT NULL,
    release   text NOT NULL,
    position  bigint NOT NULL,
    PRIMARY KEY (target_id, migration)
);

-- Markers of statements that run outside a transaction; they go when the request's outcome is recorded.
CREATE TABLE @schema@.progress (
    target_id integer NOT NULL,
    request   text NOT NULL,
    statement integer NOT NULL,
    made      text NOT NULL,
    found     text NOT NULL,
    began_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_at   timestamptz,
    PRIMARY KEY (target_id, request, statement)
);

-- Who works on the target, and how far the coordinator has acknowledged. Apart from the fence, so that a long step,
-- which holds a shared lock there, delays neither.
CREATE TABLE @schema@.lease (
    target_id     integer PRIMARY KEY REFERENCES @schema@.target,
    holder        text NOT NULL,
    pid           integer NOT NULL,
    backend_start timestamptz NOT NULL,
    expires       timestamptz NOT NULL
);
CREATE TABLE @schema@.acknowledged (
    target_id integer PRIMARY KEY REFERENCES @schema@.target,
    through   bigint NOT NULL
);
