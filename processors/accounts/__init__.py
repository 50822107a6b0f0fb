"""The accounts of connections: connected, tested and kept by people, by means of the runtime."""
