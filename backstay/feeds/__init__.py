"""Sources of prices and signals: files, exchanges, and a simulated market."""
