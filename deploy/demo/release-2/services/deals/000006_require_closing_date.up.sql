-- Dependencies: leads:20240307, activities:20240308101500, custom-objects:20240305090000, contacts:20240306090000
-- A forecast by quarter needs to know when a won deal was closed. Every deal since the start of the new CRM says so.
ALTER TABLE deals ADD CONSTRAINT chk_deals_won_is_closed CHECK (stage <> 'won' OR closed_on IS NOT NULL);
