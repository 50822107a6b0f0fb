"""MongoDB databases of products."""
