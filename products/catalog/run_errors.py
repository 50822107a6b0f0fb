"""The error codes of runs and outside calls."""

from __future__ import annotations

from typing import Final

from products.catalog.entries import ErrorCode

RUN_ERRORS: Final[tuple[ErrorCode, ...]] = (
    ErrorCode(
        "input_rejected",
        "Input cannot be sent",
        "The input does not fit the action's schema, or cannot be written in the format of the request. The error "
        "names the fields.",
    ),
    ErrorCode(
        "misconfigured",
        "Not set up right",
        "Something that was configured is missing or does not fit: a placeholder without a value, a broken address.",
        fault="setup",
    ),
    ErrorCode(
        "url_refused",
        "URL refused",
        "The URL is not one that can be called: only http and https, without a user name in it.",
        fault="setup",
    ),
    ErrorCode(
        "address_refused",
        "Address refused",
        "The host leads to a private or reserved address. Whoever operates the site can open it with EGRESS_ALLOW.",
        fault="setup",
    ),
    ErrorCode(
        "host_refused",
        "Not a host",
        "What stands where a host belongs is neither the name nor the address of one: paths, sockets, lists and "
        "options are refused there.",
        fault="setup",
    ),
    ErrorCode(
        "host_not_allowed",
        "Host not confirmed",
        "The secret values were given for another host than the one that the call leads to now, or a secret's own list "
        "does not name it. Open the connection and save its mapping again, if the new host is right.",
        fault="setup",
    ),
    ErrorCode(
        "auth_failed",
        "Credentials refused",
        "The remote side answered 401: it does not accept the credentials, or the log-in failed. Check the connection.",
        fault="setup",
    ),
    ErrorCode(
        "remote_rejected",
        "Refused by the remote side",
        "The remote side answered 4xx: the same request would be refused again. Its answer says why.",
    ),
    ErrorCode("file_not_found", "No such file", "A storage has no file with the key that was asked for."),
    ErrorCode(
        "file_changed",
        "File has changed",
        "A file of a storage was replaced while it was read in parts: what has been read and what follows do not fit.",
    ),
    ErrorCode(
        "key_taken",
        "Key is taken",
        "A storage has a file with this key already, and the step says that it must not be replaced.",
    ),
    ErrorCode(
        "remote_unavailable",
        "Remote side unavailable",
        "The remote side answered 5xx, 408 or 425.",
        fault="remote side",
        retried=True,
    ),
    ErrorCode(
        "remote_throttled",
        "Slow down",
        "The remote side answered 429. The next try waits at least as long as its Retry-After says.",
        fault="remote side",
        retried=True,
    ),
    ErrorCode(
        "remote_failed", "Error of the remote side", "The remote side answered with an error.", fault="remote side"
    ),
    ErrorCode(
        "malformed_response",
        "Answer unreadable",
        "The answer is not what it says it is, such as JSON that is not JSON.",
        fault="remote side",
    ),
    ErrorCode("response_unreadable", "Answer unreadable", "What came back is not HTTP.", fault="remote side"),
    ErrorCode(
        "response_too_large",
        "Answer too large",
        "The answer is larger than allowed, counted after decompression.",
        fault="remote side",
    ),
    ErrorCode(
        "redirect_refused",
        "Redirect refused",
        "The remote side redirects too often, or to where calls are not followed.",
        fault="remote side",
    ),
    ErrorCode(
        "deadline_exceeded",
        "No answer in time",
        "No complete answer came before the time limit. The remote side may still have acted.",
        fault="remote side",
        retried=True,
    ),
    ErrorCode("name_not_found", "Host name unknown", "The host name does not resolve.", fault="network", retried=True),
    ErrorCode("connect_failed", "No connection", "Nothing accepts a connection there.", fault="network", retried=True),
    ErrorCode(
        "tls_failed",
        "Certificate refused",
        "The remote side's TLS certificate could not be verified. Trying again would not help.",
        fault="remote side",
    ),
    ErrorCode(
        "connection_lost",
        "Connection lost",
        "The connection broke before the answer was complete. The remote side may have acted.",
        fault="network",
        retried=True,
    ),
    ErrorCode(
        "network_failed", "Network failed", "Nothing, or not everything, came through.", fault="network", retried=True
    ),
    ErrorCode("outbound_failed", "Call failed", "The call failed before there was an answer.", fault="network"),
    ErrorCode(
        "timeout",
        "Time limit of the run",
        "The whole run took longer than its time limit. The remote side may have acted.",
        fault="remote side",
        retried=True,
    ),
    ErrorCode(
        "cancelled", "Cancelled", "Somebody cancelled the run. What the remote side had received, it may have done."
    ),
    ErrorCode(
        "worker_lost",
        "Worker lost",
        "The worker that did this died three times in a row, so it is not tried again. The remote side may have acted.",
        fault="us",
    ),
    ErrorCode(
        "sealed_input_lost",
        "Input cannot be opened",
        "No master key of the worker opens the run's sealed input: FIELD_ENCRYPTION_KEYS is another one than at "
        "the start.",
        fault="us",
    ),
    ErrorCode(
        "definition_missing",
        "Definition missing",
        "What the run was to execute is no longer in the database.",
        fault="us",
    ),
    ErrorCode(
        "not_reachable",
        "Ductape not reachable",
        "Only in the Python client: the dashboard itself does not answer.",
        fault="network",
    ),
    ErrorCode("connector_failed", "Call failed", "The call failed.", fault="us"),
    ErrorCode(
        "platform_failed",
        "Our own failure",
        "Our own software failed to make the call. The reason is in the worker's log.",
        fault="us",
        retried=True,
    ),
    ErrorCode(
        "stopped",
        "Broken off",
        "The step was broken off or given up because its run stopped: it was cancelled, another step failed, or its "
        "time was up. Whether a call that was under way had its effect is said with the error.",
    ),
    ErrorCode("run_timeout", "Out of time", "The run did not end in the time it was given."),
    ErrorCode(
        "expression_failed",
        "Expression failed",
        "An expression could not be evaluated with the values that this run has. The error shows which, and where.",
        fault="setup",
    ),
    ErrorCode(
        "output_failed",
        "Output cannot be made",
        "Every step is done, but the run's output could not be made of their results. Nothing was taken back.",
        fault="setup",
    ),
    ErrorCode("failed_on_purpose", "Failed on purpose", "The definition says that the run fails at this place."),
    ErrorCode("signal_timeout", "No signal in time", "Nobody sent the signal that the run waited for, in its time."),
    ErrorCode(
        "child_failed",
        "A run it started failed",
        "The run that this step started did not complete; its own error says why.",
        fault="remote side",
    ),
    ErrorCode(
        "given_up",
        "Given up by hand",
        "Nobody knew whether the call had its effect, and a person said that the run should not go on.",
    ),
    ErrorCode(
        "child_lost",
        "The run it started is gone",
        "The run that this step had started is no longer in the database, so nobody can know how it ended.",
        fault="us",
    ),
    ErrorCode(
        "too_deep",
        "Too many features inside each other",
        "A feature started a feature that started a feature, and so on, deeper than is allowed. One that starts itself "
        "needs a condition that ends it.",
        fault="setup",
    ),
    ErrorCode(
        "dropped",
        "Not begun",
        "As many runs of the feature as its limit allows were under way, and it says that more of them are dropped.",
    ),
    ErrorCode(
        "waits_for_itself",
        "Would wait for itself",
        "The step starts a feature whose limit is used up by the very runs that wait for the step: its turn would "
        "never come. Raise the limit, or give its key a field in which the two differ.",
        fault="setup",
    ),
)
