"""Where prices and signals come from: files, exchanges, and a market that makes itself."""
