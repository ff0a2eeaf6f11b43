DELETE FROM activities WHERE subject LIKE 'Follow-up %';
