-- What a head stems from, the files know alone: it is looked at that there still are heads.
SELECT '' FROM @table@ LIMIT 1
