DROP TABLE forecast_facts;
