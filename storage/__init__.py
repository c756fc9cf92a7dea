"""What we remember: the books (SQL) with every docket, call and promise, and the live floor (Redis)."""
