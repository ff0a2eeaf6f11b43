-- Dependencies: accounts:1
CREATE TABLE deals (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id   uuid NOT NULL,
    account_id  uuid NOT NULL,
    title       varchar(200) NOT NULL,
    stage       varchar(20) NOT NULL DEFAULT 'qualified',
    amount      numeric(14, 2) NOT NULL DEFAULT 0,
    currency    char(3) NOT NULL DEFAULT 'EUR',
    expected_on date,
    closed_on   date,
    created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX idx_deals_account_id ON deals (account_id);
CREATE INDEX idx_deals_open ON deals (tenant_id, expected_on) WHERE stage NOT IN ('won', 'lost');
