create statistics plants_seasons on sow, harvest from plants;
