create table "Gärten; alte" ("Größe" integer, check ("Größe" <> 0));
