drop function textcat_longer(text, text);
