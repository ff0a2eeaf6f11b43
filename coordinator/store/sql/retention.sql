SELECT json_agg(json_build_object('table', name, 'rows', greatest(c.reltuples, 0)::bigint,
                                  'bytes', pg_total_relation_size(c.oid)) ORDER BY name)
  FROM unnest($1::text[]) AS name JOIN pg_catalog.pg_class c ON c.oid = ('greylag.' || name)::regclass
