INSERT INTO tenants (id, slug, name, plan) VALUES
    ('7b0c1de4-0000-4000-8000-000000000001', 'northwind', 'Northwind Traders', 'business'),
    ('7b0c1de4-0000-4000-8000-000000000002', 'contoso',   'Contoso Ltd',       'enterprise'),
    ('7b0c1de4-0000-4000-8000-000000000003', 'tailspin',  'Tailspin Toys',     'trial');

INSERT INTO feature_flags (name, enabled, percentage) VALUES
    ('deal-forecast', false, 0),
    ('lead-scoring',  true, 100);
