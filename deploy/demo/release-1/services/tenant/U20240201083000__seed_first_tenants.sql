DELETE FROM feature_flags WHERE name IN ('deal-forecast', 'lead-scoring');
DELETE FROM tenants WHERE slug IN ('northwind', 'contoso', 'tailspin');
