SELECT epoch, term, sequence, digest FROM @schema@.fence WHERE target_id = $1::int
