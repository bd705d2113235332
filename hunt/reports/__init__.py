"""Self-contained HTML pages with figures: no request to another server, no script."""
