CREATE TYPE subject_kind AS ENUM ('contact', 'account', 'deal', 'lead');

CREATE TABLE activity_links (
    activity_id  bigint NOT NULL,
    subject_kind subject_kind NOT NULL,
    subject_id   text NOT NULL,
    PRIMARY KEY (activity_id, subject_kind, subject_id)
);

CREATE INDEX idx_activity_links_subject ON activity_links (subject_kind, subject_id);
