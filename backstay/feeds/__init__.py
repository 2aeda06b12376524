"""Where prices and signals come from: recorded files, and a market that makes itself."""
