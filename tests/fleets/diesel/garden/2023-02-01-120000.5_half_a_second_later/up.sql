comment on type season is 'of the northern half';
