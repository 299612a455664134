"""The message store on PostgreSQL: one call of a function in the database for each operation."""
