DELETE FROM greylag.outbox WHERE epoch < $1::bigint
