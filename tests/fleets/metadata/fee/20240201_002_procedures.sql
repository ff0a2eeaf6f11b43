-- @metadata {
--   "author": "pia",
--   "description": "procedures",
--   "breakingChange": false,
--   "estimatedDuration": 100,
--   "dataVolume": "small",
--   "risk": "low",
--   "tags": [
--     "procedures"
--   ]
-- }

-- UP
create procedure raise_fees(by percent)
language plpgsql as $p$
begin
    update fees set cents = cents * (1 + by / 100);
end
$p$;
call raise_fees(10);

-- DOWN
update fees set cents = round(cents / 1.1);
drop procedure raise_fees(percent);
