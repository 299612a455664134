"""Black-box tests of the API contract, against servers that run as processes of their own."""
