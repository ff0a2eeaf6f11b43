UPDATE @schema@.target SET place = $1 WHERE id = $2::int
