-- The control database of one environment of one fleet.

CREATE TABLE greylag.identity (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    fleet       text NOT NULL,
    environment text NOT NULL
);

-- One row: who leads. `sessions` are the leader's, as "pid backend_start".
CREATE TABLE greylag.lease (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch      bigint NOT NULL,
    term       text NOT NULL,
    holder     text NOT NULL,
    expires_at timestamptz NOT NULL,
    sessions   text[] NOT NULL DEFAULT '{}'
);
INSERT INTO greylag.lease (epoch, term, holder, expires_at) VALUES (0, '', '', '-infinity');

-- Every change of a release takes a number: readers see that something happened without reading it.
CREATE SEQUENCE greylag.change;

CREATE TABLE greylag.blobs (
    digest    text PRIMARY KEY CHECK (digest ~ '^[0-9a-f]{64}$'),
    body      text NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE greylag.blobs ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE TABLE greylag.releases (
    id                  text PRIMARY KEY,
    state               text NOT NULL,
    direction           text NOT NULL,
    fleet               text NOT NULL,   -- as uploaded
    options             json NOT NULL,
    plan_digest         text NOT NULL,
    irreversible        bigint NOT NULL,
    accept_irreversible boolean NOT NULL,
    requested_by        text NOT NULL,
    note                text NOT NULL,   -- why it was asked for
    reason              text NOT NULL DEFAULT '', -- why it ended as it did
    decided_by          text NOT NULL DEFAULT '',
    aim                 text NOT NULL DEFAULT 'complete',
    stopping            boolean NOT NULL DEFAULT false,
    accepted_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at            timestamptz,
    begun               boolean NOT NULL DEFAULT false, -- the engine was told of it
    change              bigint NOT NULL DEFAULT nextval('greylag.change')
);
CREATE UNIQUE INDEX one_open_release ON greylag.releases ((true))
    WHERE state IN ('running', 'fencing', 'rolling back');
CREATE INDEX releases_by_time ON greylag.releases (accepted_at DESC);

CREATE TABLE greylag.release_targets (
    release   text NOT NULL REFERENCES greylag.releases,
    ix        int NOT NULL,
    service   text NOT NULL,
    target    text NOT NULL,
    state     text NOT NULL,
    sequence  bigint NOT NULL,
    recorded  bigint NOT NULL,
    first     int NOT NULL,
    count     int NOT NULL,
    rebuild   boolean NOT NULL,
    problem   text NOT NULL,
    PRIMARY KEY (release, ix)
);

-- What was planned: never changes.
CREATE TABLE greylag.plan_steps (
    release              text NOT NULL REFERENCES greylag.releases,
    ordinal              int NOT NULL,
    target_ix            int NOT NULL,
    service              text NOT NULL,
    migration            text NOT NULL,
    name                 text NOT NULL,
    direction            text NOT NULL,
    way_back             text NOT NULL,
    undoes               text NOT NULL,
    undoes_release       text NOT NULL,
    on_failure           text NOT NULL,
    lock_timeout_ms      bigint NOT NULL,
    statement_timeout_ms bigint NOT NULL,
    retries              bigint NOT NULL,
    needs                int[] NOT NULL,
    leaf                 text NOT NULL,
    PRIMARY KEY (release, ordinal)
);

-- What became of it: leg 0 is the plan, leg 1 the undos that a rollback added.
CREATE TABLE greylag.steps (
    release           text NOT NULL REFERENCES greylag.releases,
    ordinal           int NOT NULL,
    leg               int NOT NULL,
    target_ix         int NOT NULL,
    plan_step         int NOT NULL,
    direction         text NOT NULL,
    state             text NOT NULL,
    attempt           int NOT NULL,
    undoes            int NOT NULL,
    undoes_request    text NOT NULL,
    request_in_effect text NOT NULL,
    request           text NOT NULL,
    outcome           jsonb,
    PRIMARY KEY (release, ordinal)
);

-- Every target that a worker spoke of or a release names.
CREATE TABLE greylag.targets (
    service           text NOT NULL,
    target            text NOT NULL,
    sequence          bigint NOT NULL DEFAULT 0,  -- last one issued, job or fence
    recorded          bigint NOT NULL DEFAULT 0,  -- last one seen recorded there
    known             boolean NOT NULL DEFAULT false,
    contents          text NOT NULL DEFAULT '',   -- digest in the last heartbeat
    last_seen         timestamptz,
    worker            text NOT NULL DEFAULT '',
    working           bigint NOT NULL DEFAULT 0,
    problem           text NOT NULL DEFAULT '',
    system_identifier text NOT NULL DEFAULT '',
    fence_epoch       bigint NOT NULL DEFAULT 0,
    fence_sequence    bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (service, target)
);

-- What is believed to be applied; `place` is the order.
CREATE TABLE greylag.applied (
    service   text NOT NULL,
    target    text NOT NULL,
    migration text NOT NULL,
    checksum  text NOT NULL,
    request   text NOT NULL,
    release   text NOT NULL,
    place     bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (service, target, migration)
);

CREATE TABLE greylag.jobs (
    service    text NOT NULL,
    target     text NOT NULL,
    sequence   bigint NOT NULL,
    release    text NOT NULL,
    epoch      bigint NOT NULL,
    term       text NOT NULL,
    fence      boolean NOT NULL,
    digest     text NOT NULL,
    ordinals   int[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (service, target, sequence, epoch)
);

CREATE TABLE greylag.outbox (
    id      bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    epoch   bigint NOT NULL,
    topic   text NOT NULL,
    key     text NOT NULL,
    event   text NOT NULL,
    type    text NOT NULL,
    payload bytea NOT NULL
);
ALTER TABLE greylag.outbox ALTER COLUMN payload SET STORAGE EXTERNAL;

CREATE TABLE greylag.inbox (
    event         text PRIMARY KEY,   -- derives from request, attempt and kind
    release       text NOT NULL,
    service       text NOT NULL,
    target        text NOT NULL,
    request       text NOT NULL,
    migration     text NOT NULL,
    checksum      text NOT NULL,
    direction     text NOT NULL,
    kind          text NOT NULL,
    attempt       bigint NOT NULL,
    position      bigint NOT NULL,
    sequence      bigint NOT NULL,
    started_us    bigint NOT NULL,
    finished_us   bigint NOT NULL,
    sqlstate      text NOT NULL,
    message       text NOT NULL,
    line          bigint NOT NULL,
    left_behind   text NOT NULL,
    detail        text NOT NULL,
    worker        text NOT NULL,
    verdict       text NOT NULL,
    report_digest text NOT NULL,
    received_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX inbox_by_time ON greylag.inbox (received_at DESC);

CREATE TABLE greylag.offsets (
    topic     text NOT NULL,
    partition int NOT NULL,
    next      bigint NOT NULL,
    digest    text NOT NULL,
    PRIMARY KEY (topic, partition)
);

CREATE TABLE greylag.decisions (
    id       bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    release  text NOT NULL REFERENCES greylag.releases,
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    epoch    bigint NOT NULL,
    position int NOT NULL,
    row      text NOT NULL,
    why      text NOT NULL,
    step     int NOT NULL,
    target   int NOT NULL,
    before   text NOT NULL,
    after    text NOT NULL,
    detail   text NOT NULL
);
CREATE INDEX decisions_of_release ON greylag.decisions (release, id);

CREATE TABLE greylag.orders (
    id         bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    release    text NOT NULL REFERENCES greylag.releases,
    kind       text NOT NULL CHECK (kind IN ('rollback', 'retry', 'cancel')),
    by         text NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    handled_at timestamptz,
    result     text NOT NULL DEFAULT ''
);
CREATE INDEX orders_open ON greylag.orders (id) WHERE handled_at IS NULL;

CREATE TABLE greylag.keys (
    key         text NOT NULL,
    service     text NOT NULL,   -- '' : whatever service has a target of that name
    target      text NOT NULL,
    name        text NOT NULL,
    enrolled_by text NOT NULL,
    enrolled_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at  timestamptz,
    revoked_by  text,
    PRIMARY KEY (key, service, target)
);

CREATE TABLE greylag.workers (
    worker    text PRIMARY KEY,
    host      text NOT NULL,
    version   text NOT NULL,
    leaving   boolean NOT NULL,
    last_seen timestamptz NOT NULL
);
