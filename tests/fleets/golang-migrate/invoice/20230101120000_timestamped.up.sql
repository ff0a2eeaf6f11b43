create aggregate longest(text) (sfunc = textcat_longer, stype = text, initcond = '');
