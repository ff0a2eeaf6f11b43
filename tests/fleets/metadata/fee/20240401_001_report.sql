-- @metadata {
--   "author": "pia",
--   "description": "report",
--   "breakingChange": false,
--   "estimatedDuration": 100,
--   "dataVolume": "small",
--   "risk": "low",
--   "tags": [],
--   "requiresDowntime": false
-- }

-- UP
create schema reports;
create materialized view reports.by_year as select year, sum(cents) as cents from fees group by year;
create unique index idx_by_year_year on reports.by_year (year);

-- DOWN
drop schema reports cascade;
