UPDATE greylag.lease SET restored = true, written = pg_current_xact_id()
