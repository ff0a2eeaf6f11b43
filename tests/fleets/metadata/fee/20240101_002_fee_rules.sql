-- @metadata {
--   "author": "pia",
--   "description": "fee rules",
--   "breakingChange": false,
--   "estimatedDuration": 100,
--   "dataVolume": "small",
--   "risk": "low",
--   "tags": [],
--   "dependencies": [
--     "20240101_001"
--   ]
-- }

-- UP
create domain percent as numeric(5, 2) check (value between 0 and 100);
create table discounts (
    code text primary key,
    off percent not null
);

-- DOWN
drop table discounts;
drop domain percent;
