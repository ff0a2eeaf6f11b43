DROP TABLE object_types;
