SELECT coalesce(max(version), 0) FROM greylag.schema_version
