"""Bad input for every action and field, derived from the table of actions and the schemas."""
