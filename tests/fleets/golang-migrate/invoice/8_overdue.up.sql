create function overdue(asked date) returns setof invoices language sql stable as $$
    select * from invoices where state = 'sent' and issued < asked - 14;
$$;
create or replace function guard_paid() returns trigger language plpgsql as $fn$
begin
    if old.state = 'paid' and new.total <> old.total then
        raise exception 'invoice % is paid; its total stays', old.number;
    end if;
    return new;
end $fn$;
create trigger invoices_guard before update on invoices for each row execute procedure guard_paid();
