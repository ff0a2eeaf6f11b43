create sequence dunning_numbers start 7 owned by invoices.number;
