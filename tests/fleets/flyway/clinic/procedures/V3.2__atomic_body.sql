create function patients_of(wanted integer) returns bigint
language sql stable
begin atomic
    select count(distinct a.patient_id) from appointments a where a.clinic_id = wanted;
end;

create function next_number(wanted integer) returns smallint
language sql
return (select coalesce(max(number), 0) + 1 from rooms where clinic_id = wanted);
