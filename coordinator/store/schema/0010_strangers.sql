-- What cannot be trusted, for people: messages that no enrolled key signed, and targets whose worker does not know the
-- coordinator's key (how many messages in a row it could not verify).
ALTER TABLE greylag.targets ADD COLUMN untrusted bigint NOT NULL DEFAULT 0;
CREATE TABLE greylag.strangers (
    topic      text NOT NULL,
    key        text NOT NULL,   -- as the message states it: nobody vouches for it
    why        text NOT NULL,
    messages   bigint NOT NULL,
    first_seen timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen  timestamptz NOT NULL,
    PRIMARY KEY (topic, key)
);
