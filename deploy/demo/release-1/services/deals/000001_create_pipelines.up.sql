CREATE TABLE pipelines (
    id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name varchar(100) NOT NULL UNIQUE
);

CREATE TABLE stages (
    pipeline_id integer NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
    position    smallint NOT NULL,
    name        varchar(60) NOT NULL,
    probability smallint NOT NULL CHECK (probability BETWEEN 0 AND 100),
    PRIMARY KEY (pipeline_id, position)
);

INSERT INTO pipelines (name) VALUES ('New business');
INSERT INTO stages (pipeline_id, position, name, probability)
SELECT p.id, s.position, s.name, s.probability
FROM pipelines p,
     (VALUES (1, 'qualified', 10), (2, 'proposal', 40), (3, 'negotiation', 70), (4, 'won', 100), (5, 'lost', 0))
         AS s (position, name, probability)
WHERE p.name = 'New business';
