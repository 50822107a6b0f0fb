"""A small shop's API that the site serves itself, so that a first run works without any network."""
