-- @metadata {
--   "author": "pia",
--   "description": "guard",
--   "breakingChange": false,
--   "estimatedDuration": 100,
--   "dataVolume": "small",
--   "risk": "low",
--   "tags": []
-- }

-- UP
do $do$
begin
    if exists (select from members where given is null) then
        raise exception 'a member has no name;';
    end if;
end
$do$;

-- DOWN
select 1;
