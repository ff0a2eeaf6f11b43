ALTER TABLE leads ADD COLUMN score smallint NOT NULL DEFAULT 0 CHECK (score BETWEEN 0 AND 100);
CREATE INDEX idx_leads_hot ON leads (tenant_id, score DESC) WHERE status = 'new';
