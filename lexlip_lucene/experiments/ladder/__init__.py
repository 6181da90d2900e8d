"""Many systems on the same topics and judgements, with ever more documents: a table like LexLIP's own, and more."""
