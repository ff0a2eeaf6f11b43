-- migrate:up
do $do$
begin
    if not exists (select from tickets where priority = 'urgent') then
        raise exception 'nothing was escalated;';
    end if;
end
$do$;

-- migrate:down
select 1; -- there is nothing to take back
