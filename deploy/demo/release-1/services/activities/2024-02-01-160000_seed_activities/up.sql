INSERT INTO activities (tenant_id, kind, subject, happened_at)
SELECT '7b0c1de4-0000-4000-8000-000000000001', (ARRAY['call', 'meeting', 'mail', 'task'])[1 + n % 4], 'Follow-up ' || n,
       timestamptz '2023-06-01 08:00+00' + n * interval '7 hours'
FROM generate_series(1, 1000) AS n;
