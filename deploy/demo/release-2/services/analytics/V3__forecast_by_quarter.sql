-- Dependencies: deals:000006
CREATE TABLE forecast_facts (
    quarter   date NOT NULL,
    tenant_id uuid NOT NULL,
    category  varchar(20) NOT NULL,
    amount    numeric(16, 2) NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, quarter, category)
);
