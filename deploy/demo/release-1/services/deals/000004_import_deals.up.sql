-- Dependencies: accounts:3
-- From the old CRM, which knew no closing date before 2019: there closed_on stays empty.
INSERT INTO deals (id, tenant_id, account_id, title, stage, amount, currency, expected_on, closed_on)
SELECT d.id::uuid, '7b0c1de4-0000-4000-8000-000000000001', d.account_id::uuid, d.title, d.stage, d.amount, d.currency,
       d.expected_on::date, d.closed_on::date
FROM (VALUES
    ('dea10000-0000-4000-8000-000000000001', 'acc00000-0000-4000-8000-000000000001', 'Lift control, two valleys', 'won',         48000, 'EUR', '2018-05-01', NULL),
    ('dea10000-0000-4000-8000-000000000002', 'acc00000-0000-4000-8000-000000000002', 'Press line sensors',        'won',        112500, 'USD', '2021-09-30', '2021-10-04'),
    ('dea10000-0000-4000-8000-000000000003', 'acc00000-0000-4000-8000-000000000003', 'Support contract, renewal', 'won',         18900, 'USD', '2017-12-15', NULL),
    ('dea10000-0000-4000-8000-000000000004', 'acc00000-0000-4000-8000-000000000003', 'On-site training',          'lost',         6400, 'USD', '2022-03-01', '2022-03-11'),
    ('dea10000-0000-4000-8000-000000000005', 'acc00000-0000-4000-8000-000000000004', 'Data platform, first year', 'negotiation', 86000, 'EUR', '2024-06-30', NULL),
    ('dea10000-0000-4000-8000-000000000006', 'acc00000-0000-4000-8000-000000000001', 'Ticketing, three resorts',  'proposal',    54000, 'EUR', '2024-08-15', NULL)
) AS d (id, account_id, title, stage, amount, currency, expected_on, closed_on);
