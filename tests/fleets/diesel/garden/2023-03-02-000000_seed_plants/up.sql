insert into plants values
    ('Allium cepa', 'onion', 'spring', 'summer'),
    ('Brassica oleracea', E'cabbage\\kale', 'summer', 'autumn'),
    ('Daucus carota', null, 'spring', 'autumn');
insert into gardens (name, square_metres) values ('Back; yard', 40), ('Roof', 12);
insert into beds (garden_id, position) select id, point(id, -id) from gardens order by id;
