drop sequence dunning_numbers;
