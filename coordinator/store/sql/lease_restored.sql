SELECT restored OR (server <> '' AND (server <> greylag.server() OR written::xid <> xmin)) FROM greylag.lease
