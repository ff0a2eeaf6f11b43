SELECT '', '' FROM pg_catalog.pg_tablespace WHERE spcname = $1::text
