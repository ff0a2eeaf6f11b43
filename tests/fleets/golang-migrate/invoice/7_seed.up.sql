insert into accounts values
    ('00000000-0000-4000-8000-000000000001', 'Main; first', 'EUR', 100.5),
    ('00000000-0000-4000-8000-000000000002', 'Autre "été"', 'CHF', -3);
insert into customers (account_id, name, vat_number)
select id, 'of ' || name, 'DE' || row_number() over (order by id) from accounts order by id;
insert into invoices values (1, 1, 'paid', '2023-12-31', 10), (2, 1, 'sent', '2024-01-01', 20.25), (3, 2, 'draft', '2024-02-29', 0)
