-- Stands on the view of the repeatable before it.
drop materialized view if exists clinic_report;
create materialized view clinic_report as select name, patients from busy_clinics order by name with no data;
create unique index idx_clinic_report_name on clinic_report (name);
