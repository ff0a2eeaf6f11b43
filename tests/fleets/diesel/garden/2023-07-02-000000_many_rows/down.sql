delete from watering;
