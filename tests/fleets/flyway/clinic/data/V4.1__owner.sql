insert into doctors (clinic_id, name) values (1, replace('${owner}', '''', '´')) on conflict do nothing;
