UPDATE feature_flags SET enabled = false, percentage = 0 WHERE name = 'deal-forecast';
