SELECT f.service, f.target, f.tool, f.history_table, f.content
  FROM greylag.foreign_history f
 WHERE $1::boolean
    OR f.tool = 'greylag'
    OR NOT EXISTS (SELECT 1 FROM greylag.applied a WHERE a.service = f.service AND a.target = f.target)
 ORDER BY f.service, f.target, f.place
