CREATE TABLE deal_facts (
    day       date NOT NULL,
    tenant_id uuid NOT NULL,
    stage     varchar(20) NOT NULL,
    deals     integer NOT NULL DEFAULT 0,
    amount    numeric(16, 2) NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, day, stage)
);

CREATE TABLE activity_facts (
    day       date NOT NULL,
    tenant_id uuid NOT NULL,
    kind      varchar(20) NOT NULL,
    count     integer NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, day, kind)
);
