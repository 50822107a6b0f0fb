"""PostgreSQL and Valkey from their wheels: start, stop, reuse, in one data folder."""
