"""The OpenAPI description of the HTTP API, served at ``/openapi.json``."""
