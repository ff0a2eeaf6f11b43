UPDATE greylag.lease SET restored = false, written = pg_current_xact_id()
