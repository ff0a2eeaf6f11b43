-- migrate:up
insert into settings select 'agents', count(*)::text from agents where away_until is null;

-- migrate:down
delete from settings;
