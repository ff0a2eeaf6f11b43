DROP TABLE feature_flags;
DROP TABLE settings;
