"""Hooks for schemathesis: what is made up here must not reach anybody who is not on this machine."""

import atexit
import os
import re
from collections import Counter, deque

import requests
import schemathesis

RECEIVER = os.environ["FUZZ_RECEIVER"]
EXAMPLES = int(os.environ["FUZZ_EXAMPLES"])
LONGEST_URL = 2000


@schemathesis.hook
def before_call(context, case, kwargs):
    # Webhooks are really sent, so an address that was made up becomes the receiver's; one that is no address is left.
    body = case.body
    url = body.get("url") if isinstance(body, dict) else None
    if isinstance(url, str) and re.match(r"\s*https?:", url, re.IGNORECASE) and len(url) <= LONGEST_URL:
        body["url"] = RECEIVER


# What is found and right all the same, and why: the one place. A failure is left out only when all of it is so.
VALID_REJECTED = "ST202"
NOT_THERE_AFTER_CREATION = "ST302"
THERE_AFTER_DELETION = "ST301"
# To delete one of these is to cancel it: what was paid, and what is given back, stays to be read.
CANCELLED = re.compile(r"/(payment_terms|leases)/")
# Whoever guesses at the same name again and again has to wait, whatever limits are set.
GUESSED_AT = ("POST /sign_in", "POST /oauth/token")
# What no text and no number may be, wherever it is, is not said again in the schema of each field.
# What is more than a pattern or a text: the last digit of an IMEI, the columns of a file, and that an address is one.
BEYOND = "an IMEI|must be an https URL|is not a column here|is missing in the header|the header"
NOWHERE = "NUL character|half of a surrogate pair|too large to be held exactly|nested deeper"
RIGHT_ALL_THE_SAME = [
    # A cursor is text that a list has given, `after` the id of an event that was read: that it is none of this list, or
    # that the two exclude each other, cannot be said in a schema.
    lambda problem: [error["pointer"] for error in problem.get("errors", [])] in (["/cursor"], ["/after"]),
    # Nor that `__proto__` and `constructor.prototype` are refused by the parser: a body that fits its schema is JSON.
    lambda problem: problem.get("code") == "malformed_body",
    lambda problem: any(re.search(NOWHERE, error["message"]) for error in problem.get("errors", [])),
    lambda problem: any(re.search(BEYOND, error["message"]) for error in problem.get("errors", [])),
    # A signature cannot be guessed. Bodies that are signed are tried in api/hostile-input.int.test.ts.
    lambda problem: problem.get("code") == "signature_invalid",
    # RFC 6749 has 400 for what is a 422 elsewhere: a grant or a scope that there is not.
    lambda problem: problem.get("error") in ("unsupported_grant_type", "invalid_scope", "invalid_request"),
]
replayed = set()


# Every event goes to every endpoint: with hundreds of them the machine would do nothing else.
MOST_ENDPOINTS = 10
endpoints = deque()
made_up = Counter()


@atexit.register
def say_what_is_short():
    # An operation may have no more to try, or schemathesis gave up on it: only the first is known to be right.
    short = [f"  {label}: {count}" for label, count in made_up.items() if count < EXAMPLES]
    if short:
        print("Fewer than asked for were made up for:", *short, sep="\n")


@schemathesis.hook
def after_call(context, case, response):
    if case.meta and case.meta.phase.name.value == "fuzzing":
        made_up[case.operation.label] += 1
    location = response.headers.get("location", [])
    if response.headers.get("idempotent-replayed"):
        replayed.update(location)
    elif case.operation.label == "POST /webhook_endpoints" and response.status_code == 201:
        endpoints.extend(location)
        if len(endpoints) > MOST_ENDPOINTS:
            delete(endpoints.popleft(), response.request)


def delete(path, like):
    authorization = {"Authorization": like.headers["Authorization"]}
    requests.delete(requests.compat.urljoin(like.url, path), headers=authorization, timeout=30)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    # The answer to an earlier request with the same key, given again, may name what was deleted since.
    if failure.code == NOT_THERE_AFTER_CREATION:
        return case.formatted_path not in replayed
    if failure.code == THERE_AFTER_DELETION:
        return not CANCELLED.match(case.formatted_path)
    if failure.code == VALID_REJECTED and response.status_code == 429:
        return case.operation.label not in GUESSED_AT
    if failure.code != VALID_REJECTED or response.status_code != 400:
        return True
    return not any(is_right(response.json()) for is_right in RIGHT_ALL_THE_SAME)
