"""The notifiers, against real listeners, mail servers and commands."""
