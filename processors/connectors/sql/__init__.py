"""SQL databases of products: PostgreSQL, MySQL and MariaDB, SQLite, with equal results for equal calls."""
