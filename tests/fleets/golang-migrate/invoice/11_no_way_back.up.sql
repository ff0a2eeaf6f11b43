update accounts set currency = upper(currency);
