"""Single requests, searched; and one request's page."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Literal

from opsconsole import wire
from opsconsole.daemon.views.reading import Reading
from opsconsole.errors import UsageError
from opsconsole.store import requests

USUAL_LIMIT = 200
NEIGHBOURS_EACH_SIDE = 5


def requests_view(reading: Reading) -> wire.RequestsView:
    """The requests of the window that a search leaves. Raises UsageError for a word or an order that is none."""
    asked = reading.asked
    axis, end, is_live = reading.axis(reading.asked_extents())
    order = asked.option("order", "newest")
    if order not in requests.ORDERS:
        raise UsageError(f"there is no order {order!r}", f"Choose one of {', '.join(requests.ORDERS)}.")
    end = asked.as_of or end  # single requests are known to the moment, whatever the step of a chart's axis
    stop = asked.as_of or axis.end
    if (until := reading.moment("until")) is not None:
        stop = min(stop, until)  # a tail that somebody reads further down in stands still
    span = requests.Span(asked.service, axis.start, stop)
    terms = requests.searched(asked.option("search"))
    rows, matched = requests.find(reading.connection, span, terms, order, _limit(asked.option("limit")))
    return wire.RequestsView(
        service=asked.service,
        search=asked.option("search"),
        order=order,
        rows=rows,
        matched=matched,
        **reading.frame(axis, end, is_live=is_live),
    )


def _limit(text: str) -> int:
    if not text:
        return USUAL_LIMIT
    if not text.isdecimal() or not 1 <= int(text) <= wire.MOST_REQUESTS:
        raise UsageError(f"limit {text!r} is not a number of rows", f"From 1 to {wire.MOST_REQUESTS:,}.")
    return int(text)


def request_view(reading: Reading) -> wire.RequestView:
    """One request with what it is compared to. Raises UsageError when there is no such request (any more)."""
    key = reading.asked.option("key")
    source, _, offset = key.partition(":")
    found = (
        requests.one(reading.connection, int(source), int(offset))
        if source.isdecimal() and offset.isdecimal()
        else None
    )
    if found is None:
        raise UsageError(
            f"there is no request {key!r}", "It is named SOURCE:OFFSET; old requests are gone (retention)."
        )
    row, features, path = found
    axis, end, is_live = reading.axis([reading.extent(row.service)])
    until = reading.asked.as_of or axis.end
    span = requests.Span(row.service, min(axis.start, row.at), max(until, row.at + timedelta(microseconds=1)))
    by: Literal["user", "version", "service"] = "user" if row.user_key else "version" if row.version else "service"
    column = {"user": "user_key", "version": "version", "service": ""}[by]
    return wire.RequestView(
        service=row.service,
        row=row,
        features=json.loads(features) if features else {},
        standings=requests.standings(reading.connection, span, row),
        source=path,
        source_offset=int(offset),
        neighbours=requests.neighbours(reading.connection, span, row, column, NEIGHBOURS_EACH_SIDE),
        neighbours_by=by,
        **reading.frame(axis, end, is_live=is_live),
    )
