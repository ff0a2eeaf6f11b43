-- migrate:up
create procedure escalate(older interval, asked timestamptz default '2023-02-01')
language sql
begin atomic
    update tickets set priority = 'urgent' where opened < asked - older;
    delete from messages where nth > 100;
end;
call escalate('1 week');

-- migrate:down
drop procedure escalate;
