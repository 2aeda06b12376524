"""The page at `/` and the API's own page: their files, and the policy that comes with each."""
