"""Reads OpenAPI 3 documents."""
