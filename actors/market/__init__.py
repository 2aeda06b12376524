"""One actor a symbol: it judges prices, numbers the accepted ones, and tells those that they reach."""
