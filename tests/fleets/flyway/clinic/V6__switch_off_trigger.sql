do $do$
declare
    total integer;
begin
    select count(*) into total from patients;
    if total < 3 then
        raise exception 'only % patients; something is missing', total;
    end if;
end
$do$;
alter table patients disable trigger patients_touch;
update patients set born = date '1900-01-01' where born is null;
alter table patients alter column born set not null;
alter table patients enable trigger patients_touch;
