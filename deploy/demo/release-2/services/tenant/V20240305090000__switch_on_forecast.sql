-- Dependencies: auth:5
UPDATE feature_flags SET enabled = true, percentage = 10 WHERE name = 'deal-forecast';
