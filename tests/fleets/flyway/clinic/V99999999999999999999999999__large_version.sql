-- A version that no 64-bit number holds.
create sequence reminder_numbers as smallint increment by 2 maxvalue 30000 cycle;
