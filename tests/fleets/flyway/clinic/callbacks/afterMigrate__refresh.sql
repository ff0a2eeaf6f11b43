refresh materialized view clinic_report;
