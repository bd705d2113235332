"""For tests, hunt's and yours: what proves the promises, and machines for the breaker."""
