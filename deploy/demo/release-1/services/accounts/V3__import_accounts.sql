-- From the old CRM. The ids stay, other services have them.
INSERT INTO accounts (id, tenant_id, name, industry, territory_id)
SELECT old.id::uuid, '7b0c1de4-0000-4000-8000-000000000001', old.name, old.industry, t.id
FROM (VALUES
    ('acc00000-0000-4000-8000-000000000001', 'Alpine Ski House', 'leisure',   'emea'),
    ('acc00000-0000-4000-8000-000000000002', 'Fabrikam',         'machinery', 'amer'),
    ('acc00000-0000-4000-8000-000000000003', 'Litware',          'software',  'amer'),
    ('acc00000-0000-4000-8000-000000000004', 'Proseware',        'software',  'apac')
) AS old (id, name, industry, territory)
JOIN territories t ON t.code = old.territory;
