CREATE TABLE leads (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id  uuid NOT NULL,
    name       varchar(200) NOT NULL,
    email      varchar(255),
    source     varchar(40) NOT NULL DEFAULT 'web',
    status     varchar(20) NOT NULL DEFAULT 'new',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX idx_leads_status ON leads (tenant_id, status);
