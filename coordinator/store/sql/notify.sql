SELECT pg_notify('greylag_orders', '')
