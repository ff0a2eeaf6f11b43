UPDATE greylag.targets SET sequence = greatest(sequence, $3::bigint) WHERE service = $1 AND target = $2
