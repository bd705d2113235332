"""What proves the promises: histories of clients, and the oracle that judges them."""
