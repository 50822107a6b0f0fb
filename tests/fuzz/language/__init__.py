"""The language of features: expressions, conditions, and the reader of definitions, guided by coverage."""
