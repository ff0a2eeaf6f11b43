drop aggregate longest(text);
