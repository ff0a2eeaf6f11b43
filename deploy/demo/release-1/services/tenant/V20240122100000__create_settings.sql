CREATE TABLE settings (
    tenant_id  uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    key        varchar(100) NOT NULL,
    value      jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, key)
);

CREATE TABLE feature_flags (
    name       varchar(100) PRIMARY KEY,
    enabled    boolean NOT NULL DEFAULT false,
    percentage smallint NOT NULL DEFAULT 0 CHECK (percentage BETWEEN 0 AND 100)
);
