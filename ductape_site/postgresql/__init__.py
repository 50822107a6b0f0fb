"""Django's backend for PostgreSQL, with our own way to take a connection out of its pool."""
