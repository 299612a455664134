"""What is particular to the SQL drivers; all else is tested by the conformance kit."""
