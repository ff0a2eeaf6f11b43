SELECT (to_regclass('greylag.schema_version') IS NOT NULL)::int
