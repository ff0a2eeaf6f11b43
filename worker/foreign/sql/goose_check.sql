SELECT '' FROM (@read@) r WHERE r.version::numeric = $1::numeric LIMIT 1
