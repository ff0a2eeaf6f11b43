CREATE INDEX idx_deal_facts_day ON deal_facts (day);
CREATE INDEX idx_activity_facts_day ON activity_facts (day);
