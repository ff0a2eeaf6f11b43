-- migrate:up
create table messages (
    ticket_id bigint not null references tickets (id) on delete cascade,
    nth integer not null,
    body text not null,
    primary key (ticket_id, nth)
) partition by hash (ticket_id);
create table messages_0 partition of messages for values with (modulus 2, remainder 0);
create table messages_1 partition of messages for values with (modulus 2, remainder 1);

create function next_message() returns trigger language plpgsql as $$
begin
    -- the word migrate:down here begins no section;
    select coalesce(max(nth), 0) + 1 into new.nth from messages where ticket_id = new.ticket_id;
    return new;
end;
$$;
create trigger messages_number before insert on messages_0 for each row execute function next_message();
create trigger messages_number before insert on messages_1 for each row execute function next_message();

-- migrate:down
drop table messages;
drop function next_message();
