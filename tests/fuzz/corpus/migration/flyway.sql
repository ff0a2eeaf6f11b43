1-- Author: ann
-- Depends-on: [a:1, b]
-- Service: c
SELECT 1;
