drop table "Gärten; alte";
