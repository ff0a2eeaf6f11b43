SELECT '', '' FROM pg_catalog.pg_tablespace WHERE spcname OPERATOR(pg_catalog.=) $1::pg_catalog.text
