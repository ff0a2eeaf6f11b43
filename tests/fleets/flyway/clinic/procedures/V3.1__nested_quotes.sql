create or replace procedure open_clinic(in clinic text, in slots integer default ${default_slots})
language plpgsql as $body$
declare
    statement text := $sql$insert into clinics (name, opened) values ($1, date '2024-02-01')$sql$;
begin
    execute statement using clinic;
    execute format($f$comment on table rooms is %L$f$, 'opened; ' || slots::text || ' slots');
end
$body$;

call open_clinic('North $$ Side');
