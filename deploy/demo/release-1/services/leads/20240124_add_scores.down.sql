DROP INDEX idx_leads_hot;
ALTER TABLE leads DROP COLUMN score;
