"""The notifiers that come with Angarium: webhooks, mail, and pushes to sockets of the service."""
