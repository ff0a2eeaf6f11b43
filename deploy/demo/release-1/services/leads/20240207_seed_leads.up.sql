INSERT INTO leads (tenant_id, name, email, source, score)
SELECT '7b0c1de4-0000-4000-8000-000000000001', 'Visitor ' || n, 'visitor' || n || '@example.com',
       (ARRAY['web', 'fair', 'referral'])[1 + n % 3], n % 101
FROM generate_series(1, 500) AS n;
