-- What was recorded anew since release $1 by a release that took others off the record of that target: it may stand for
-- them, too (a squash).
SELECT DISTINCT a.service, a.target, a.migration
  FROM greylag.effects a
 WHERE a.direction = 'adopt' AND a.accepted > (SELECT accepted_at FROM greylag.releases WHERE id = $1)
   AND EXISTS (SELECT 1 FROM greylag.effects f
                WHERE f.direction = 'forget' AND f.accepted = a.accepted AND f.service = a.service
                  AND f.target = a.target)
 ORDER BY a.service, a.target, a.migration
