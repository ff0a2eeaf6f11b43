DROP TABLE fields;
DROP TYPE field_type;
