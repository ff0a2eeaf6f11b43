SELECT pg_notify('greylag_orders', $1)
