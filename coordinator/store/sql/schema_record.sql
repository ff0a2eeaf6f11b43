INSERT INTO greylag.schema_version (version, name) VALUES ($1::int, $2)
