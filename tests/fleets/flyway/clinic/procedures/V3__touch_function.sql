create function touch() returns trigger language plpgsql as $$
begin
    -- a semicolon in a body; and a quote: don't
    new.changed := coalesce(new.changed, timestamp '2024-01-01 12:00');
    return new;
end;
$$;

alter table patients add column changed timestamp;
create trigger patients_touch before insert or update on patients
    for each row execute function touch();
