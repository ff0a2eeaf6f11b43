drop view balances;
