DROP TABLE activity_facts;
DROP TABLE deal_facts;
