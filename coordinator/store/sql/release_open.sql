-- A halted one that somebody has told to go on is about to be.
SELECT r.id FROM greylag.releases r
 WHERE r.state IN ('running', 'fencing', 'rolling back')
    OR r.state = 'halted'
       AND EXISTS (SELECT 1 FROM greylag.orders o WHERE o.release = r.id AND o.handled_at IS NULL)
