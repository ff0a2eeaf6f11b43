alter table patients alter column born drop not null;
