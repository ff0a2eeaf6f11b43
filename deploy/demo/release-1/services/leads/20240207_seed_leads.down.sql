DELETE FROM leads WHERE email LIKE 'visitor%@example.com';
