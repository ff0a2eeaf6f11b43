-- @metadata {
--   "author": "pia",
--   "description": "paid",
--   "breakingChange": false,
--   "estimatedDuration": 100,
--   "dataVolume": "small",
--   "risk": "low",
--   "tags": []
-- }

-- UP
alter table fees add column paid date;
alter table fees add constraint fees_paid check (paid is null or extract(year from paid) >= year) not valid;
alter table fees validate constraint fees_paid;

-- DOWN
alter table fees drop column paid;
