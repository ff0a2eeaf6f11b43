ALTER TABLE deals DROP CONSTRAINT chk_deals_won_is_closed;
