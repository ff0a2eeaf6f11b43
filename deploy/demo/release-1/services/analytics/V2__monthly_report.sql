-- Dependencies: deals:000003
CREATE MATERIALIZED VIEW monthly_deals AS
SELECT tenant_id, date_trunc('month', day)::date AS month, stage, sum(deals) AS deals, sum(amount) AS amount
FROM deal_facts
GROUP BY 1, 2, 3;

CREATE UNIQUE INDEX idx_monthly_deals ON monthly_deals (tenant_id, month, stage);
