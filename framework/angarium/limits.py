"""The limits and defaults of the API, read once from ``[transport]`` (contract, configuration 2.5).

Numbers are seconds, bytes or counts, as the option of the same name says.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from oslo_config import cfg


@dataclass(frozen=True, slots=True)
class Limits:
    """Every option that enters a schema or fills in a value; attribute and option share a name."""

    default_message_ttl: int = 3600
    default_message_delay: int = 0
    default_claim_ttl: int = 300
    default_claim_grace: int = 60
    max_queues_per_page: int = 20
    max_messages_per_page: int = 20
    max_messages_per_claim_or_pop: int = 20
    max_flavors_per_page: int = 20
    max_pools_per_page: int = 20
    max_subscriptions_per_page: int = 20
    default_subscription_ttl: int = 3600
    max_queue_metadata: int = 65536
    max_messages_post_size: int = 262144
    max_message_ttl: int = 1209600
    max_message_delay: int = 900
    max_claim_ttl: int = 43200
    max_claim_grace: int = 43200
    client_id_uuid_safe: str = "strict"
    min_length_client_id: int = 10
    max_length_client_id: int = 36
    message_delete_with_claim_id: bool = False

    @classmethod
    def from_conf(cls, conf: cfg.ConfigOpts) -> Limits:
        """Read them from a configuration whose options are registered."""
        return cls(**{field.name: conf.transport[field.name] for field in fields(cls)})

    def page_size(self, maximum: int) -> int:
        """How many items a page holds when the request names no limit: 10, or fewer."""
        return min(10, maximum)
