-- What other tools' records on the targets say, each as it was reported last: `content` is a list of its rows.
CREATE TABLE greylag.foreign_history (
    service       text NOT NULL,
    target        text NOT NULL,
    place         int NOT NULL,
    tool          text NOT NULL,
    history_table text NOT NULL,
    content       json NOT NULL,
    PRIMARY KEY (service, target, place)
);

-- When somebody asked for these records last, which of the asks was answered last (both by this server's clock, 0: none),
-- and when they were stored.
ALTER TABLE greylag.targets
    ADD COLUMN foreign_asked_us    bigint NOT NULL DEFAULT 0,
    ADD COLUMN foreign_answered_us bigint NOT NULL DEFAULT 0,
    ADD COLUMN foreign_stored_at   timestamptz;

-- A step that records: the checksum on the record before it, and whether the other tool's record has a row for it.
ALTER TABLE greylag.plan_steps
    ADD COLUMN recorded   text NOT NULL DEFAULT '',
    ADD COLUMN in_history boolean NOT NULL DEFAULT false;

-- Names that people gave to releases.
CREATE TABLE greylag.tags (
    name    text PRIMARY KEY,
    release text NOT NULL REFERENCES greylag.releases,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
