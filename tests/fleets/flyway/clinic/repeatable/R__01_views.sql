create or replace view busy_clinics as
select c.name, patients_of(c.id) as patients, '${region}'::text as asked_from
from clinics c;
