drop view yields;
