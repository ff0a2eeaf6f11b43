-- As much as a turn may write; rolled back.
INSERT INTO greylag.blobs (digest, body) VALUES (repeat('0', 64), repeat('x', 1 << 20)) ON CONFLICT DO NOTHING
