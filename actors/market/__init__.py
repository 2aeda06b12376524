"""One actor a symbol: it judges prices, and tells the accepted ones to the positions they reach."""
