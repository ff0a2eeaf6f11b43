DROP INDEX idx_activity_facts_day;
DROP INDEX idx_deal_facts_day;
