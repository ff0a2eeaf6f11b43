-- Dependencies: accounts:4
ALTER TABLE deals ADD COLUMN forecast_category varchar(20) NOT NULL DEFAULT 'pipeline'
    CONSTRAINT chk_deals_forecast CHECK (forecast_category IN ('pipeline', 'best-case', 'commit', 'closed', 'omitted'));

UPDATE deals
SET forecast_category = CASE stage WHEN 'won' THEN 'closed' WHEN 'lost' THEN 'omitted' WHEN 'negotiation' THEN 'commit' ELSE 'pipeline' END;
