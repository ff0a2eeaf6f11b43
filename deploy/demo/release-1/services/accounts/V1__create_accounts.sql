CREATE TABLE accounts (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id  uuid NOT NULL,
    name       varchar(200) NOT NULL,
    industry   varchar(80),
    website    text,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX idx_accounts_tenant_id ON accounts (tenant_id);
