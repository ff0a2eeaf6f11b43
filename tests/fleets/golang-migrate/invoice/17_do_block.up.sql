do $$
declare
    month date;
begin
    foreach month in array array[date '2025-01-01', '2026-01-01'] loop
        execute format('create table %I partition of invoices for values from (%L) to (%L)',
                       'invoices_' || extract(year from month), month, month + interval '1 year');
    end loop;
end
$$;
