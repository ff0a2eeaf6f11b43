CREATE TABLE tenants (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    slug       varchar(63) NOT NULL UNIQUE,
    name       varchar(200) NOT NULL,
    plan       varchar(20) NOT NULL DEFAULT 'trial',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT chk_tenants_slug CHECK (slug ~ '^[a-z0-9][a-z0-9-]*$'),
    CONSTRAINT chk_tenants_plan CHECK (plan IN ('trial', 'team', 'business', 'enterprise'))
);
