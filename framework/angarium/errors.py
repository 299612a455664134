"""Every refusal that a client or an operator can meet: one class per error.

A class fixes what never changes: its stable ``code`` (logs, metrics and docs; never in an answer),
the HTTP-style ``status`` and the ``title`` of the wire (contract, ``rest-v2.md`` 1.7). The
description says what is wrong and what to do, and is free text.
"""

from __future__ import annotations


class AngariumError(Exception):
    """The base of every error that Angarium raises on purpose."""


class StartError(AngariumError):
    """Raised when the configuration, a plugin or a store makes it wrong to start.

    Its text is the one line that an operator reads, so it names the option and what to do.
    """


class NotOffered(AngariumError):
    """Raised by a driver that does without an optional part of its interface."""

    def __init__(self) -> None:
        super().__init__("the driver does not offer this part of its interface")


class ApiError(AngariumError):
    """The base of every answer that refuses a request.

    :param description: what is wrong and what to do, for the client; leaks no internals.
    :param retry_after: seconds after which trying again makes sense, or None.
    """

    code = "internal-error"
    status = 500
    title = "Internal server error"
    default_description: str | None = (
        "The request could not be carried out. The operator finds the cause in the log under "
        "the request id."
    )

    def __init__(self, description: str | None = None, *, retry_after: int | None = None) -> None:
        self.description = self.default_description if description is None else description
        self.retry_after = retry_after
        super().__init__(self.description or self.title)


class InternalError(ApiError):
    """Raised in place of an exception that nobody expected: a bug."""


# --- Refusals of the request as written (400) ---------------------------------------------------


class InvalidRequest(ApiError):
    """Raised when a parameter or field lies outside its permitted values."""

    code = "invalid-request"
    status = 400
    title = "Invalid API request"
    default_description = "A parameter of the request lies outside its permitted values."


class InvalidBody(ApiError):
    """Raised when a body is unparsable, empty, or has a value of the wrong type."""

    code = "invalid-body"
    status = 400
    title = "Invalid request body"
    default_description = "The request body is not valid JSON."


class InvalidParameter(ApiError):
    """Raised when a query parameter has the wrong type."""

    code = "invalid-parameter"
    status = 400
    title = "Invalid parameter"
    default_description = "A query parameter has the wrong type."


class MissingHeader(ApiError):
    """Raised when a request carries no Client-ID."""

    code = "missing-header"
    status = 400
    title = "Missing header value"
    default_description = "Every request to this API must carry a Client-ID header."


class WrongClientId(ApiError):
    """Raised when the Client-ID has neither the form nor the length that is configured."""

    code = "wrong-client-id"
    status = 400
    title = "Wrong UUID value"
    default_description = "The Client-ID header must be a UUID."


class ProjectMissing(ApiError):
    """Raised when neither a credential nor a header names the project."""

    code = "project-missing"
    status = 400
    title = "Project-Id Missing"
    default_description = "Name the project in the X-Project-Id header."


class ProjectEmpty(ApiError):
    """Raised when the project header is present and empty."""

    code = "project-empty"
    status = 400
    title = "Empty project header not allowed"
    default_description = "The X-Project-Id header must not be empty."


class InvalidQueueIdentification(ApiError):
    """Raised for a bad queue name, or an over-long project id below a queue."""

    code = "invalid-queue-identification"
    status = 400
    title = "Invalid queue identification"
    default_description = "Use 1 to 64 ASCII letters, digits, underscores, hyphens or dots."


class InvalidTopicIdentification(ApiError):
    """Raised for a bad topic name, or an over-long project id below a topic."""

    code = "invalid-topic-identification"
    status = 400
    title = "Invalid topic identification"
    default_description = "Use 1 to 64 ASCII letters, digits, underscores, hyphens or dots."


class InvalidContentType(ApiError):
    """Raised for a form-encoded body, which no operation takes."""

    code = "invalid-content-type"
    status = 400
    title = "Invalid Content-Type"
    default_description = "Send the body as JSON, not as a form."


class InvalidHeader(ApiError):
    """Raised for a header whose value cannot be used."""

    code = "invalid-header"
    status = 400
    title = "Invalid header value"
    default_description = "A header of the request has a value that cannot be used."


class MessageNotClaimed(ApiError):
    """Raised when a deletion names a claim, but the message is under none."""

    code = "message-not-claimed"
    status = 400
    title = "Unable to delete"
    default_description = "The message is not under a claim, so no claim id applies to it."


class ClaimDoesNotExist(ApiError):
    """Raised when a deletion names a claim that is unknown, released or over."""

    code = "claim-does-not-exist"
    status = 400
    title = "Unable to delete"
    default_description = "There is no live claim with that id."


class FlavorUnusable(ApiError):
    """Raised when a flavor cannot be written: it names no pool, or one that does not exist."""

    code = "flavor-unusable"
    status = 400
    title = "Unable to create"
    default_description = "A flavor needs at least one pool."


class FlavorUpdateFailed(ApiError):
    """Raised when the update of a flavor names a pool that does not exist."""

    code = "flavor-update-failed"
    status = 400
    title = "updatefail"
    default_description = "A pool of the list does not exist."


class SubscriptionNotUpdated(ApiError):
    """Raised when nothing in the body of an update can be used."""

    code = "subscription-not-updated"
    status = 400
    title = "Unable to update subscription"
    default_description = "At least one of subscriber, ttl and options is needed."


class SubscriptionNotConfirmed(ApiError):
    """Raised when the body of a confirmation is no object."""

    code = "subscription-not-confirmed"
    status = 400
    title = "Unable to confirm subscription"
    default_description = "The body must be an object."


class PoolCapabilitiesMismatch(ApiError):
    """Raised when a pool offers something else than the other pools of its flavor."""

    code = "pool-capabilities-mismatch"
    status = 400
    title = "Unable to create pool"
    default_description = "The capabilities differ from those of the other pools of the flavor."


# --- Refusals of the caller (401, 403) ----------------------------------------------------------


class Unauthorized(ApiError):
    """Raised when a request carries no valid credential."""

    code = "unauthorized"
    status = 401
    title = "Unauthorized"
    default_description = "The request you have made requires authentication."


class Forbidden(ApiError):
    """Raised when a policy rule refuses the caller."""

    code = "forbidden"
    status = 403
    title = "Not authorized"
    default_description = "The policy does not allow this operation to the caller."


class MessageIsClaimed(ApiError):
    """Raised when a claimed message is to be deleted without its claim's id."""

    code = "message-is-claimed"
    status = 403
    title = "Unable to delete"
    default_description = "The message is under a claim; repeat the request with that claim's id."


class MessageNotClaimedBy(ApiError):
    """Raised when a message is under a live claim, but not under the one that is named."""

    code = "message-not-claimed-by"
    status = 403
    title = "Unable to delete"
    default_description = "The message is under another claim than the one named."


class ClaimDoesNotMatch(ApiError):
    """Raised when a message of a bulk deletion is under a claim that is not among those named."""

    code = "claim-does-not-match"
    status = 403
    title = "Unable to delete"
    default_description = "A message is under a claim that is not among the claim ids."


class PoolInUseByFlavor(ApiError):
    """Raised when the last pool of a flavor is to be deleted."""

    code = "pool-in-use-by-flavor"
    status = 403
    title = "Unable to delete"
    default_description = "The pool is the last one of its flavor; remove its flavor first."


class PoolHasQueues(ApiError):
    """Raised when a pool is to be deleted that still holds queues."""

    code = "pool-has-queues"
    status = 403
    title = "Unable to delete"
    default_description = "The pool still holds queues; drain it or delete them first."


# --- Things that are not there, or in the way (404 to 415) --------------------------------------


class NotFound(ApiError):
    """Raised when the addressed thing does not exist."""

    code = "not-found"
    status = 404
    title = "Not found"
    default_description = "The addressed resource does not exist."


class QueueDoesNotExist(NotFound):
    """Raised when a queue or topic does not exist and the operation does not create it."""

    code = "queue-does-not-exist"
    default_description = "There is no such queue or topic."


class MessageDoesNotExist(NotFound):
    """Raised when no message of the queue has the id."""

    code = "message-does-not-exist"
    default_description = "There is no such message here."


class ClaimNotFound(NotFound):
    """Raised when a claim that is to be read or renewed is unknown, released or over."""

    code = "claim-not-found"
    default_description = "There is no live claim with that id in this queue."


class PoolDoesNotExist(NotFound):
    """Raised when a pool does not exist.

    :param name: of the pool; known where several were named.
    """

    code = "pool-does-not-exist"
    default_description = "There is no such pool."

    def __init__(self, name: str = "") -> None:
        super().__init__(f"Pool {name} does not exist" if name else None)
        self.name = name


class FlavorDoesNotExist(NotFound):
    """Raised when a flavor does not exist in the project."""

    code = "flavor-does-not-exist"
    default_description = "There is no such flavor in this project."


class SubscriptionDoesNotExist(NotFound):
    """Raised when no subscription of the queue or topic has the id."""

    code = "subscription-does-not-exist"
    default_description = "There is no such subscription here."


class UnknownRoute(ApiError):
    """Raised for a path that the API does not have, and for a signed request that fails."""

    code = "unknown-route"
    status = 404
    title = "404 Not Found"
    default_description = None


class MethodNotAllowed(ApiError):
    """Raised for a method that a path does not have."""

    code = "method-not-allowed"
    status = 405
    title = "405 Method Not Allowed"
    default_description = None


class NotAcceptable(ApiError):
    """Raised when the client accepts no JSON."""

    code = "not-acceptable"
    status = 406
    title = "406 Not Acceptable"
    default_description = "Answers are application/json only."


class Conflict(ApiError):
    """Raised when the state of a resource does not allow the change."""

    code = "conflict"
    status = 409
    title = "Resource conflict"
    default_description = "The resource is in a state that does not allow this."


class SubscriptionAlreadyExists(Conflict):
    """Raised when another subscription of the queue or topic has the same subscriber."""

    code = "subscription-already-exists"
    default_description = "This subscriber has a subscription here already."


class PoolAlreadyExists(Conflict):
    """Raised when another pool has the same uri."""

    code = "pool-already-exists"
    default_description = "Another pool has this uri already."


class UnsupportedMediaType(ApiError):
    """Raised when a metadata patch is sent under another media type."""

    code = "unsupported-media-type"
    status = 415
    title = "415 Unsupported Media Type"
    default_description = "Use application/openstack-messaging-v2.0-json-patch to update metadata."


# --- Storage (503) ------------------------------------------------------------------------------


class StoreUnreachable(ApiError):
    """Raised by a driver when its store fails or does not answer; nothing was changed."""

    code = "store-unreachable"
    status = 503
    title = "Service temporarily unavailable"
    default_description = "The store did not answer; nothing was changed. Please retry shortly."

    def __init__(self, description: str | None = None, *, retry_after: int | None = 1) -> None:
        super().__init__(description, retry_after=retry_after)


class OutcomeUnknown(StoreUnreachable):
    """Raised by a driver when the connection was lost while a change was being committed."""

    code = "outcome-unknown"
    default_description = (
        "The connection to the store was lost while the change was being stored: its outcome is "
        "unknown. Look before you repeat the request."
    )


class NoPoolFound(StoreUnreachable):
    """Raised when a queue is to be created and no pool may get it, or when its pool is missing."""

    code = "no-pool-found"
    default_description = "No pool can hold this queue; please retry when the operator added one."


class QueueIsMoving(StoreUnreachable):
    """Raised when a queue is on its last step to another pool and stays there for too long."""

    code = "queue-is-moving"
    default_description = (
        "The queue or topic is moving to another store; nothing was changed. Please retry."
    )
