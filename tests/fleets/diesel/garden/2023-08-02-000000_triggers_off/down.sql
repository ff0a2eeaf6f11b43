update gardens set name = initcap(name);
