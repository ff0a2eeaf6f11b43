update gardens set square_metres = square_metres + 1 where name = 'Roof';
