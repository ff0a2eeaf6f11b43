CREATE TABLE territories (
    id        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code      varchar(20) NOT NULL UNIQUE,
    name      varchar(100) NOT NULL,
    parent_id integer REFERENCES territories (id)
);

ALTER TABLE accounts ADD COLUMN territory_id integer REFERENCES territories (id);
CREATE INDEX idx_accounts_territory_id ON accounts (territory_id);

INSERT INTO territories (code, name) VALUES ('emea', 'Europe, Middle East, Africa'), ('amer', 'Americas'), ('apac', 'Asia and Pacific');
