-- What was recorded since the end of release $1, and may stand for what has no file any more (a squash, a repair).
SELECT DISTINCT service, target, migration
  FROM greylag.effects
 WHERE direction = 'adopt' AND accepted > (SELECT accepted_at FROM greylag.releases WHERE id = $1)
 ORDER BY service, target, migration
