SELECT 1 FROM greylag.lease WHERE epoch = $1::bigint AND term = $2 AND expires_at > clock_timestamp() FOR SHARE
