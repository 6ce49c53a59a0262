"""Reading what the network reports of SIMs, in the form in which emnify's Data Streamer posts events (`docs/rules.md`
section 19): attachments, locations and data sessions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _

from kit.api.parsing import Ambiguous
from kit.mobile_networks import network_of_record
from sims.usage.records import FUTURE, BadRecord, moment_of, payload_of, record_id_of, sim_of
from sims.usage.services.ingest import closing_date

LONGEST_TEXT: Final = 400
_TOO_LARGE: Final = 1e18
_IMSI: Final = re.compile(r"[0-9]{6,15}", re.ASCII)
_VLR: Final = re.compile(r"\bVLR='?([0-9]{3,20})", re.ASCII)
_SGSN: Final = re.compile(r"\bSGSN='?([0-9]{3,20})'?(?:, *IP='([0-9a-fA-F.:]{2,45})')?", re.ASCII)


class Kind(IntEnum):
    """What is reported, by the type of the event."""

    LOCATION = 1
    GPRS_LOCATION = 2
    SESSION_CREATED = 3
    SESSION_DELETED = 5
    LOCATION_PURGED = 15
    GPRS_LOCATION_PURGED = 16


class Report(NamedTuple):
    """A report, read.

    Args:
        report_id: its id as text.
        kind: what it reports.
        refused: whether it reports something that the network did not let happen.
        said: its text, on one line; empty where it has none.
        iccid: 19 digits; `None` where it names the SIM otherwise.
        sim_id: the id of the SIM, where it has no ICCID.
        imsi: where it has neither.
        moment: when it happened, aware.
        vlr, sgsn, sgsn_ip: where the SIM is attached now; empty where it says nothing of it.
        network_id: as `kit.mobile_networks` numbers it; `None` if not known.
        operator: the network as reported.
        session_id: of the data session.
        session: the data session as reported.
        detail: all that was reported beside the text.
    """

    report_id: str
    kind: Kind
    refused: bool
    said: str
    iccid: str | None
    sim_id: int | None
    imsi: str | None
    moment: datetime
    vlr: str
    sgsn: str
    sgsn_ip: str
    network_id: int | None
    operator: dict[str, Any] | None
    session_id: str
    session: dict[str, Any] | None
    detail: dict[str, Any] | None


def read(record: Any, now: datetime) -> Report:
    """Read one report.

    Args:
        record: as parsed by `kit.api.parsing.exact_json`.
        now: the moment of reception, aware.

    Raises:
        BadRecord: it cannot be taken in.
    """
    if not isinstance(record, dict):
        raise BadRecord(_("The event is no object. Send each event as an object."))
    if isinstance(record, Ambiguous):
        raise BadRecord(_("A key stands twice in the event, so nobody can know what is meant. Send each key once."))
    kind = _kind(record.get("event_type"))
    moment = moment_of(record, "timestamp")
    if moment > now + FUTURE:
        raise BadRecord(_("timestamp lies more than a day ahead. Check the sender's clock."))
    if moment < closing_date(now):
        raise BadRecord(
            _("timestamp lies more than %(days)s days back, and what was then is closed.")
            % {"days": settings.USAGE_CLOSES_AFTER_DAYS}
        )
    # As databases store it: what they can't is refused here.
    stored: dict[str, Any] = json.loads(payload_of(record), parse_float=_fraction)
    said = _text(stored.get("description"))
    detail = stored.get("detail") if isinstance(stored.get("detail"), dict) else None
    session = detail.get("pdp_context") if detail and isinstance(detail.get("pdp_context"), dict) else None
    vlr, sgsn = _VLR.search(said), _SGSN.search(said)
    operator = _operator(detail)
    return Report(
        record_id_of(record),
        kind,
        "rejected" in said.lower() or (kind is Kind.SESSION_CREATED and session is None),
        said,
        *_card(record),
        moment,
        vlr[1] if vlr else "",
        sgsn[1] if sgsn else "",
        (sgsn[2] or "") if sgsn else "",
        network_of_record(_coded(operator, session)),
        operator,
        str((detail or {}).get("session_id") or "")[:64],
        session,
        detail,
    )


def _fraction(digits: str) -> float:
    """Read a fraction; one that PostgreSQL gives back as an integer beyond 64 bits can be sent to nobody."""
    found = float(digits)
    if abs(found) >= _TOO_LARGE:
        raise BadRecord(_("The event holds a number that cannot be stored. Leave it out."))
    return found


def _kind(sent: Any) -> Kind:
    number = sent.get("id") if isinstance(sent, dict) else sent
    try:
        if isinstance(number, bool) or not isinstance(number, int):
            raise ValueError
        return Kind(number)
    except ValueError as error:
        known = ", ".join(str(int(each)) for each in Kind)
        raise BadRecord(_("event_type.id is none of %(known)s. Only these are taken in.") % {"known": known}) from error


def _text(sent: Any) -> str:
    """Return a text on one line, in which what nobody sees, or what turns the reading direction, is marked."""
    text = " ".join(sent.split())[:LONGEST_TEXT] if isinstance(sent, str) else ""
    return text if text.isprintable() else "".join(sign if sign.isprintable() else "\ufffd" for sign in text)


def _card(record: Mapping[str, Any]) -> tuple[str | None, int | None, str | None]:
    """Return by what the SIM is named: ICCID before id before IMSI."""
    imsi = record.get("imsi")
    number = imsi.get("imsi") if isinstance(imsi, dict) else imsi
    if record.get("sim") is None and number is not None:
        digits = str(number).strip() if isinstance(number, str | int) else ""
        if not _IMSI.fullmatch(digits):
            raise BadRecord(_("imsi is no IMSI. Send its 6 to 15 digits, or the object sim."))
        return None, None, digits
    return (*sim_of(record.get("sim")), None)


def _operator(detail: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the network that a detail names beside other things."""
    if not detail or not isinstance(detail.get("name"), str):
        return None
    return {key: detail[key] for key in ("id", "name", "country", "tapcode", "mnc") if detail.get(key) is not None}


def _coded(operator: Mapping[str, Any] | None, session: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return MCC and MNC as usage records tell them."""
    if session and isinstance(session.get("mcc"), str) and isinstance(session.get("mnc"), str):
        return {"country": {"mcc": session["mcc"]}, "mnc": session["mnc"]}
    if operator is None:
        return None
    codes = operator.get("mnc")
    first = codes[0] if isinstance(codes, list) and codes else None
    return {**operator, "mnc": first.get("mnc") if isinstance(first, dict) else codes}
