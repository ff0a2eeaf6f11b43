CREATE TABLE ${abc} (x int);
${ab}
${ab} ${abc}
INSERT INTO ${abcd} VALUES (1);