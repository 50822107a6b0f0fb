"""Every error code: what it means, whose fault it is, what to do. A problem's `type` leads to its paragraph here."""

from __future__ import annotations

from typing import Final

from products.catalog.document_errors import DOCUMENT_ERRORS
from products.catalog.entries import ErrorCode, ErrorGroup
from products.catalog.expression_errors import EXPRESSION_ERRORS
from products.catalog.run_errors import RUN_ERRORS

REQUEST_ERRORS: Final[tuple[ErrorCode, ...]] = (
    ErrorCode(
        "bad_request", "Unreadable request", "The request could not be read at all: its headers or its address.", 400
    ),
    ErrorCode(
        "parse_error", "Not JSON", "The body is not JSON, holds a key twice or a number JSON does not have.", 400
    ),
    ErrorCode(
        "invalid",
        "Invalid input",
        "Some field is wrong. `errors` names each one by a JSON pointer, with a code and a reason.",
        400,
    ),
    ErrorCode(
        "not_authenticated",
        "Not signed in",
        "Send an access key as Authorization: Bearer …, or sign in with the browser.",
        401,
    ),
    ErrorCode(
        "authentication_failed",
        "Access key refused",
        "The key is unknown, revoked or expired. Make a new one under Access keys.",
        401,
    ),
    ErrorCode(
        "forbidden",
        "Not allowed",
        "It is there, but your role, the key's verbs or its scope do not allow this. See Roles and permissions.",
        403,
    ),
    ErrorCode("permission_denied", "Not allowed", "Your role or the key's verbs do not allow this.", 403),
    ErrorCode(
        "csrf",
        "Form too old",
        "The form was opened before you signed in again, or came from another site. Reload the page and try again.",
        403,
    ),
    ErrorCode(
        "not_found",
        "Not found",
        "There is no such thing, or not for you: what belongs to another workspace looks exactly the same.",
        404,
    ),
    ErrorCode("method_not_allowed", "Method not allowed", "This address does not know this HTTP method.", 405),
    ErrorCode("not_acceptable", "Not acceptable", "The API answers in JSON only; check the Accept header.", 406),
    ErrorCode(
        "conflict",
        "Conflict",
        "It clashes with what is there: a name that is taken, or a state that does not allow it.",
        409,
    ),
    ErrorCode(
        "connected",
        "Still connected",
        "A connection uses this. Change or remove the connection first; a published app can be taken off the "
        "marketplace.",
        409,
    ),
    ErrorCode(
        "changed_meanwhile",
        "Changed meanwhile",
        "Somebody else saved this after you opened it. Look at theirs first; yours is kept in the editor. Of an "
        "import: the app was changed, so that the difference you saw is not the one that would be applied.",
        409,
    ),
    ErrorCode("in_use", "Still in use", "Something else uses this; the message names it.", 409),
    ErrorCode(
        "nothing_changed",
        "Nothing changed",
        "The draft is what the last release is. Deploy that one, or change something first.",
        409,
    ),
    ErrorCode(
        "nothing_to_release",
        "Nothing to release",
        "The product has no features yet, and a release is made of them and of what they call.",
        409,
    ),
    ErrorCode("not_empty", "Not empty", "There is something inside; move or delete it first.", 409),
    ErrorCode("already_ended", "Already ended", "The run has ended; there is nothing left to cancel.", 409),
    ErrorCode("not_ended", "Still under way", "This can be done once the run has ended. Cancel it first.", 409),
    ErrorCode(
        "not_failed", "Did not fail", "Only an undo that failed, of a run that has ended, can be tried again.", 409
    ),
    ErrorCode(
        "not_in_doubt",
        "Nothing to decide",
        "Of this step it is known how it ended, it goes on, or somebody has already said what came of it.",
        409,
    ),
    ErrorCode(
        "ambiguous_signal",
        "A signal of several events",
        "Events that differ in who may answer, or with what, wait for this name. Nobody could say whose answer this is:"
        " send it once one of them alone waits. A feature is not saved like that any more.",
        409,
    ),
    ErrorCode(
        "too_many_signals",
        "Too many signals",
        "The run holds as many signals that nothing has waited for yet as it may.",
        409,
    ),
    ErrorCode(
        "idempotency_mismatch",
        "Idempotency key used before",
        "The same idempotency key came with another input. A key stands for one request; take a new one.",
        409,
    ),
    ErrorCode(
        "idempotency_running",
        "First request still at work",
        "The first request with this idempotency key has not been answered yet. Try again in a moment.",
        409,
    ),
    ErrorCode(
        "idempotency_lost",
        "Answer no longer readable",
        "The request was done before, but its answer cannot be opened with the present keys. Read the thing instead.",
        409,
    ),
    ErrorCode(
        "precondition_failed",
        "Changed meanwhile",
        "The thing is not what If-Match says: somebody changed it since you read it. Read it again, then decide.",
        412,
    ),
    ErrorCode("too_large", "Too large", "Over a limit; the message says which.", 413),
    ErrorCode(
        "unsupported_media_type", "Unsupported media type", "Send JSON, with Content-Type: application/json.", 415
    ),
    ErrorCode("too_many", "Too many requests", "Wait as many seconds as Retry-After says.", 429),
    ErrorCode("throttled", "Too many requests", "Wait as many seconds as Retry-After says.", 429),
    ErrorCode(
        "internal",
        "Internal error",
        "Our own software failed. The reason is in its log, under the request's id.",
        500,
        fault="us",
    ),
    ErrorCode("error", "Error", "Our own software failed. The reason is in its log.", 500, fault="us"),
    ErrorCode(
        "unavailable",
        "Unavailable",
        "Something that is needed, such as the database, does not answer. Try again.",
        503,
        fault="us",
    ),
)

START_ERRORS: Final[tuple[ErrorCode, ...]] = (
    ErrorCode(
        "inactive",
        "Environment not active",
        "The environment is switched off. Activate it in the product's settings.",
        409,
        fault="setup",
    ),
    ErrorCode(
        "no_safe_action",
        "Nothing to test with",
        "No action of the app only reads and needs no input, so the connection cannot be tested by itself. "
        "Run an action of your choice instead.",
        409,
        fault="setup",
    ),
    ErrorCode(
        "not_safe",
        "Not an action for a test",
        "A connection is tested with an action that only reads and needs no input. Choose another one.",
        409,
    ),
    ErrorCode(
        "not_mapped",
        "Environment not mapped",
        "The connection does not say which of the app's environments this environment uses, or the resource is not "
        "configured in it. Open the connection or the resource and say so.",
        409,
        fault="setup",
    ),
    ErrorCode(
        "resource_incomplete",
        "Resource incomplete",
        "A setting that the provider needs has no value in this environment. Open the resource; it is marked there.",
        409,
        fault="setup",
    ),
    ErrorCode(
        "no_answer",
        "No worker has answered",
        "What a resource holds is asked of a worker, and none has answered in time. See whether one is running for "
        "this environment, and whether it has too much to do.",
        409,
        fault="us",
    ),
    ErrorCode(
        "offset",
        "Not the next piece",
        "A file that is uploaded in several requests has another size by now than the request says. The answer names "
        "the next byte: go on from there.",
        409,
    ),
    ErrorCode(
        "connection_incomplete",
        "Values missing",
        "The connection lacks a variable or credential that this action needs; the message names it.",
        409,
        fault="setup",
    ),
    ErrorCode(
        "auth_mismatch",
        "Another auth is needed",
        "The action accepts other auths than the one that the connection uses in this environment. Choose that auth, "
        "or connect the app once more under another access tag.",
        409,
        fault="setup",
    ),
    ErrorCode(
        "no_login_action",
        "No log-in action",
        "The auth logs in with an action that the app does not have. Correct the auth, or import the action.",
        409,
        fault="setup",
    ),
    ErrorCode(
        "no_base_url",
        "No base URL",
        "The app's environment has no base URL, and the action has none of its own. "
        "Add it under the app's environments.",
        409,
        fault="setup",
    ),
    ErrorCode(
        "no_feature",
        "No such feature",
        "The feature starts another one that is not there, neither in the release nor in the draft; or the run that is "
        "named is not one of a feature.",
        409,
        fault="setup",
    ),
    ErrorCode(
        "too_many_features",
        "Too many features in one run",
        "All that the feature may start, and what that may start, is more than one run may hold.",
        409,
        fault="setup",
    ),
    ErrorCode(
        "broken_feature",
        "Feature has to be mended",
        "The feature names something that is no longer there, or was written for another version. The message says "
        "where and what. Its editor shows all of it.",
        409,
        fault="setup",
    ),
    ErrorCode(
        "no_secret",
        "No such secret",
        "A value names a workspace secret that does not exist. Add the secret or correct the name.",
        409,
        fault="setup",
    ),
)

ERROR_GROUPS: Final[tuple[ErrorGroup, ...]] = (
    ErrorGroup("Requests", "What any page or REST address may answer.", REQUEST_ERRORS),
    ErrorGroup("Starting a run", "Why a run is refused before it exists.", START_ERRORS),
    ErrorGroup("Runs", "Why a run failed. The run's page shows the same with the request and the answer.", RUN_ERRORS),
    ErrorGroup(
        "Expressions",
        "Why an expression in a definition cannot be read or evaluated, with the place in the document.",
        EXPRESSION_ERRORS,
    ),
    ErrorGroup(
        "Documents",
        "Why a document cannot be imported, with its line and column where they are known.",
        DOCUMENT_ERRORS,
    ),
)

ERRORS: Final[dict[str, ErrorCode]] = {error.code: error for group in ERROR_GROUPS for error in group.codes}
