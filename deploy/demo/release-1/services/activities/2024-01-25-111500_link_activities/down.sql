DROP TABLE activity_links;
DROP TYPE subject_kind;
