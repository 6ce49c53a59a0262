"""The event type registry, its published words, and the language of stored texts."""

from __future__ import annotations

import re
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events import registry
from events.text import (
    ACTOR_USERNAME,
    MASK,
    SUBJECT_NAME,
    SUBJECT_USERNAME,
    complete,
    complete_detail,
    escape,
    escape_detail,
    mask,
)
from events.types import base
from events.types.base import (
    DuplicateType,
    EventType,
    InvalidType,
    Severity,
    Source,
    TextError,
    UnregisteredType,
    Wording,
    single,
)

ACTOR = SimpleNamespace(name="Ada Actor", username="ada@example.com")
SUBJECT = SimpleNamespace(name="Sam Subject", username="sam@example.com")

EMNIFY = {*range(4), *range(5, 24), *range(25, 35), *range(36, 47), *range(48, 61), 67, 68, 69}
OWN = {
    *range(10001, 10014), *range(10020, 10029), 10030, 10031, 10040, 10041, 10042, 10050, 10051, 10052, 10060, 10061,
    *range(10070, 10076), 10077, 10078, *range(10085, 10089), 10093, 10095, 10096, 10105, 10106, 10107,
    *range(10115, 10119), 10130, 10131,
    *range(10125, 10128),
}  # fmt: skip
HISTORIC = {26, 27, 28, 29, 44, 49}
STAFF = {10001, 10060, 10061, 10072, 10073, 10074, 10077, 10078, 10087, 10088, 10105, 10106}

API, INFO = Source.API, Severity.INFO

# Source, severity and alert, in the combinations that are published.
NET = (Source.NETWORK, Severity.INFO, False)
NET_WARN = (Source.NETWORK, Severity.WARN, False)
AUTO = (Source.POLICY_CONTROL, Severity.INFO, False)
BLOCK = (Source.POLICY_CONTROL, Severity.WARN, True)
DONE = (Source.API, Severity.INFO, False)
DONE_WARN = (Source.API, Severity.WARN, False)

# Type, text and description of each published example (once where two agree), and of our texts for emnify's types.
PUBLISHED = [
    (0, "throttle", BLOCK, "Disconnecting data access for endpoint to apply throttling action."),
    (0, "quota_updated", BLOCK, "Disconnecting data access for endpoint, because quota has been updated."),
    (1, "default", NET,
     "New location received from VLR for IMSI='901430111111111', now attached to VLR='491720000095'."),
    (1, "rejected", NET_WARN,
     "Location update rejected from VLR 491720000095 (Example Mobile) for IMSI 901430111111111. This operator is "
     "currently not supported for this IMSI. A different IMSI or operator will be used for the network "
     "registration."),
    (2, "default", NET,
     "New location received from SGSN for IMSI='668507304809640', now attached to SGSN='569307110740151', "
     "IP='213.181.60.148'."),
    (3, "default", NET, "New PDP Context successfully activated with SGSN CP=60.195.159.61, DP=117.72.59.30."),
    (3, "rejected_service", BLOCK, "PDP Context Request rejected, because data service disabled in service profile."),
    (3, "rejected_no_quota", BLOCK, "PDP Context Request rejected, because endpoint has no quota."),
    (3, "rejected_quota", BLOCK,
     "PDP Context Request rejected, because quota volume of endpoint is exhausted and defined action is to block "
     "data traffic."),
    (3, "rejected_sim", BLOCK, "PDP Context Request rejected, because SIM is not activated."),
    (5, "default", NET, "PDP Context deleted."),
    (6, "default", DONE_WARN,
     "Failed authentication request from 'sam@example.com', Reason: Invalid password from IP 176.11.24.173, "
     "45.196.240.161"),
    (6, "too_many", DONE_WARN,
     "Failed authentication request from 'sam@example.com', Reason: Invalid password. Too many failed "
     "authentication requests from IP 139.39.233.94, 32.7.85.228"),
    (7, "revoked", DONE_WARN,
     "Failed authentication request from 'A token', Reason: TokenStatus Revoked from IP 192.0.2.1"),
    (8, "default", DONE, "Status of SIM changed from 'Suspended' to 'Activated'"),
    (8, "default", DONE, "Status of SIM changed from 'Issued' to 'Activated'"),
    (8, "factory_test_volume", AUTO, "SIM activated after factory test volume reached."),
    (8, "factory_test_period", AUTO, "SIM activated after factory test period elapsed."),
    (8, "factory_test_package", AUTO, "SIM activated because the package has no factory test any more."),
    (9, "default", DONE, "Status of SIM changed from 'Activated' to 'Suspended'"),
    (10, "default", DONE, "Status of SIM changed from 'Suspended' to 'Deleted'"),
    (11, "default", BLOCK, "Blocking data access for endpoint, traffic limit exceeded."),
    (12, "prepaid_balance", BLOCK, "Blocking services for organisation, because of insufficient prepaid balance."),
    (12, "cost_limit", BLOCK, "Blocking services for organisation, because monthly cost limit exceeded."),
    (13, "default", DONE_WARN,
     "Support user ada@example.com of organisation Operator GmbH generated a support token for user "
     "sam@example.com of organisation Test Org"),
    (14, "default", DONE,
     "MFA key with Id '717' of Type 'Time-Based One-Time Password' deleted for user 'sam@example.com'"),
    (15, "default", NET, "VLR location information has been purged for IMSI='674828638458881'."),
    (16, "default", NET, "SGSN location information has been purged for IMSI='67282840195069'."),
    (17, "default", DONE, "Sam Subject (sam@example.com) has signed up with organisation name Test Org 3."),
    (18, "default", BLOCK, "Endpoint quota threshold reached, volume is below 80%."),
    (19, "default", BLOCK, "Quota volume is completely used up and data access denied for endpoint."),
    (20, "default", BLOCK, "SMS quota threshold reached, volume is below 50%."),
    (21, "default", BLOCK, "SMS quota volume is completely used up and SMS access denied for endpoint."),
    (22, "default", DONE, "CloudConnect Transit Gateway Resource Share created"),
    (23, "default", DONE, "CloudConnect Transit Gateway breakout 222 is available"),
    (25, "default", DONE, "CloudConnect Transit Gateway breakout 316 has been terminated"),
    (30, "default", DONE, "OpenVPN client (re-)authenticated successfully"),
    (31, "default", DONE, "Organisation data updated."),
    (32, "default", DONE_WARN, "Billing config has been updated."),
    (33, "default", DONE_WARN, "Tariff plan 'Standard EUR' has been assigned."),
    (34, "default", DONE_WARN, "A new inclusive volume has been booked in ratezone 'EU28'."),
    (36, "default", DONE, "User invited"),
    (37, "default", DONE, "Password reset requested"),
    (38, "default", DONE, "New SIM order has been submitted"),
    (39, "default", DONE_WARN, "SIM order has been updated"),
    (40, "default", DONE, "Verification requested for user 'sam@example.com'"),
    (41, "default", DONE, "User 'sam@example.com' verified successfully"),
    (42, "default", DONE, "Status of Endpoint 96485463 changed to Enabled"),
    (43, "default", DONE, "Status of Endpoint 28778135 changed to Disabled"),
    (45, "default", DONE, "Status of SIM changed from 'Issued' to 'Factory Test'"),
    (46, "default", DONE_WARN, "User 'sam@example.com' deleted"),
    (48, "default", DONE, "Batch of 1 SIM(s) registered."),
    (50, "default", DONE, "SIM 3423335 released from endpoint 5749159"),
    (51, "default", DONE, "SIM 2972420 assigned to endpoint 38463269"),
    (52, "default", DONE_WARN,
     "Data quota management enabled for service profile (id = 99133 - Generic Service Profile), endpoints of this "
     "service profile without an active data quota will be throttled or blocked from data service."),
    (53, "default", DONE_WARN,
     "Data quota management disabled for service profile (id = 99133 - Generic Service Profile)."),
    (54, "default", DONE_WARN,
     "SMS quota management enabled for service profile (id = 99133 - Generic Service Profile), endpoints of this "
     "service profile without an active SMS quota will be blocked from SMS service."),
    (55, "default", DONE_WARN,
     "SMS quota management disabled for service profile (id = 99133 - Generic Service Profile)."),
    (56, "default", DONE,
     "Data quota assigned with volume of 10.000000 MB without daily refill until 2022-07-31T00:00:00Z and action "
     "on exhaustion set to blocking."),
    (56, "throttle", DONE,
     "Data quota assigned with volume of 100.000000 MB without daily refill until 2022-07-14T13:39:00Z and action "
     "on exhaustion set to throttling to a throughput of 128 kbit/s."),
    (57, "default", DONE, "Data quota deleted."),
    (58, "default", DONE, "SMS quota assigned with volume of 10 SMS without daily refill until 2022-07-31T00:00:00Z."),
    (59, "default", DONE, "SMS quota deleted."),
    (60, "default", BLOCK, "Data quota expired."),
    (67, "default", DONE, "User with id: '330885', switched to workspace: 44"),
    (68, "default", DONE, "Reset connectivity triggered for endpoint 5749159"),
    (69, "default", DONE, "2 SIM(s) transferred from workspace A to workspace B"),
]  # fmt: skip


def values_in(template: str, description: str) -> dict[str, object]:
    """Read the values back out of a published description."""
    pattern = ""
    for literal, name in re.findall(r"([^{]*)(?:\{([^}]*)\})?", template):
        pattern += re.escape(literal)
        if "." in name.split(":")[0]:
            pattern += ".+?"
        elif name:
            pattern += f"(?P<{name.split(':')[0]}>.+?)"
    match = re.fullmatch(pattern, description)
    assert match, f"{description!r} is not {template!r}"
    found = match.groupdict()
    return {key: Decimal(value) if key == "volume" else value for key, value in found.items()}


def test_every_type_is_registered_under_its_id() -> None:
    types = registry.all_types()
    assert [each.id for each in types] == sorted(EMNIFY | OWN)
    assert {each.id: each.status for each in types if each.status != "current"} == {
        **dict.fromkeys(HISTORIC, "historic"),
        10070: "name only",
    }
    assert {each.id for each in types if each.audience == "staff"} == STAFF
    assert {each.id for each in types if each.audience == "mno_reseller"} == {17, 33, 34, 36, 37, 38, 39, 40}
    assert {each.id for each in types if each.user_is == "subject"} == {6, 13, 17, 37, 40, 41}
    assert {each.id: each.secrets for each in types if each.secrets} == {
        36: ("activationKey",),
        37: ("activationKey",),
        40: ("token",),
    }


@pytest.mark.parametrize(("type_id", "key", "carries", "description"), PUBLISHED)
def test_published_descriptions_are_written_word_for_word(
    type_id: int, key: str, carries: tuple[Source, Severity, bool], description: str
) -> None:
    event_type = registry.get(type_id)
    values = values_in(event_type.texts[key].template, description)
    assert complete(event_type.text(key, **values), ACTOR, SUBJECT) == description
    assert (event_type.source_of(key), event_type.severity_of(key), event_type.alert_of(key)) == carries


def test_every_published_type_that_is_written_has_its_vector() -> None:
    written = {(each.id, key) for each in registry.all_types() if each.id in EMNIFY for key in each.texts}
    # A data plan removed, the other reason for which a token is refused, and wrong codes have texts of ours only.
    # A plan that includes nothing and the end of a trial have none either.
    ours = {
        (34, "removed"),
        (34, "booked"),
        (12, "trial_over"),
        (7, "address"),
        (6, "code"),
        (6, "code_too_many"),
    }
    assert written - {(row[0], row[1]) for row in PUBLISHED} == ours


def test_names_of_the_list_win_over_those_of_the_examples() -> None:
    assert registry.describe(8) == "SIM activation"
    assert registry.describe(50) == "SIM Released"
    assert registry.describe(33) == "Platform package updated"
    assert registry.describe(34) == "Data plan updated"
    assert registry.describe(10072) == "User created"


@pytest.mark.parametrize("event_type", registry.all_types(), ids=lambda each: str(each.id))
def test_samples_fill_every_text_and_nothing_else(event_type: EventType) -> None:
    needed = {name for text in event_type.texts.values() for name in text.fields}
    assert needed == set(event_type.sample)
    for key in event_type.texts:
        shown = complete(event_type.text(key, **event_type.sample), ACTOR, SUBJECT)
        assert shown
        assert not re.search(r"[{}]", shown)


def test_writing_refuses_what_is_not_written() -> None:
    for type_id in (4, 70, 99999):
        with pytest.raises(UnregisteredType, match=f"{type_id} is not registered"):
            registry.get(type_id)
    for type_id in HISTORIC | {10070}:
        with pytest.raises(UnregisteredType, match="never written"):
            registry.get(type_id)
    never_written = [each for each in registry.all_types() if not each.is_written]
    assert {each.id for each in never_written} == HISTORIC | {10070}
    for each in never_written:
        with pytest.raises(TextError, match="it has: none"):
            each.text()


def test_reading_never_fails() -> None:
    assert registry.describe(4) == "Event type 4"
    assert registry.describe(-1) == "Event type -1"
    assert registry.describe(44) == "SIM issued"
    assert registry.find(4) is None


def test_a_second_registration_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = dict(base.registered)
    monkeypatch.setattr(base, "registered", kept)
    monkeypatch.setattr(registry, "registered", kept)
    fresh = EventType(id=20001, description="A", severity=INFO, source=API, section="Test", texts=single("A"))
    assert base.register(fresh) is fresh
    assert registry.get(20001) is fresh
    with pytest.raises(DuplicateType, match="20001 is registered twice: 'A' and 'A'"):
        base.register(fresh)


@pytest.mark.parametrize(
    "template", ["{actor.email}", "{0}", "{}", "{name!r}", "{actor.name!r}", "{actor.name:9}", "{broken"]
)
def test_a_text_that_cannot_be_filled_is_refused(template: str) -> None:
    with pytest.raises(InvalidType):
        EventType(id=1, description="A", severity=INFO, source=API, section="Test", texts=single(template))


def test_a_type_has_texts_exactly_when_it_is_written() -> None:
    with pytest.raises(InvalidType):
        EventType(id=1, description="A", severity=INFO, source=API, section="Test")
    with pytest.raises(InvalidType):
        EventType(
            id=1, description="A", severity=INFO, source=API, section="Test", texts=single("A"), status="historic"
        )


def test_a_missing_value_is_named() -> None:
    with pytest.raises(TextError, match="needs a value for 'endpoint'"):
        registry.get(51).text(sim=1)
    with pytest.raises(TextError, match="needs a value for 'sim'"):
        registry.get(51).text(sim=None, endpoint=2)
    with pytest.raises(TextError, match="has no text 'sideways'; it has: default"):
        registry.get(51).text("sideways")
    with pytest.raises(TextError, match="does not fit"):
        registry.get(56).text(volume="ten", refill="with", expiry="x")
    assert registry.get(51).text(sim=1, endpoint=2, unused=3) == "SIM 1 assigned to endpoint 2"


def test_lookups_of_the_wire() -> None:
    assert registry.wire_lookup("severity") == [
        {"id": 0, "description": "Info"},
        {"id": 1, "description": "Warn"},
        {"id": 2, "description": "Critical"},
    ]
    assert registry.wire_lookup("source") == [
        {"id": 0, "description": "Network"},
        {"id": 1, "description": "Policy Control"},
        {"id": 2, "description": "API"},
    ]
    listed = [item["id"] for item in registry.wire_lookup("type")]
    assert listed == sorted(EMNIFY | OWN - {10070})
    # Plain types: the wire's renderer knows neither enumerations nor lazy strings.
    for item in registry.wire_lookup("severity") + registry.wire_lookup("source"):
        assert (type(item["id"]), type(item["description"])) == (int, str)


BRACED = st.text(alphabet=st.sampled_from("{}act or.nmesubjuw"), max_size=40) | st.text(max_size=40)
TRICKY = st.sampled_from(["{actor.name}", "{{actor.name}}", "{", "}", "{{", "}}}", "{subject.username", "{sim}"])
HOSTILE = st.lists(BRACED | TRICKY, max_size=5).map("".join)


@given(HOSTILE)
def test_escape_and_complete_are_opposites(value: str) -> None:
    assert complete(escape(value), ACTOR, SUBJECT) == value


@given(HOSTILE, HOSTILE)
def test_no_value_becomes_a_person(old: str, new: str) -> None:
    stored = registry.get(10024).text(old=old, new=new)
    assert complete(stored, ACTOR, SUBJECT) == f"Role of sam@example.com changed from {old} to {new}"


@given(HOSTILE, HOSTILE, HOSTILE)
def test_values_beside_a_person_stay_themselves(before: str, after: str, name: str) -> None:
    text = Wording("{before}{actor.name}{after}").fill({"before": before, "after": after})
    assert complete(text, SimpleNamespace(name=name or "-", username=""), None) == before + (name or "-") + after


@given(st.text(), st.none() | st.just(ACTOR))
def test_complete_never_raises(text: str, person: object) -> None:
    assert isinstance(complete(text, person, None), str)
    assert isinstance(complete("{actor.name}" + text + "{subject.username}", person, object()), str)


def test_persons_are_put_in_and_missing_ones_are_marked() -> None:
    stored = registry.get(13).text(support_organisation="O", organisation="W")
    assert "{actor.username}" in stored
    assert complete(stored, None, SUBJECT).startswith("Support user ? of organisation O generated")
    assert complete("{actor.name}, {actor.username}", SimpleNamespace(name="A"), None) == "A, ?"
    assert complete("{subject.name}", ACTOR, SimpleNamespace(name="", username=None)) == "?"
    assert complete("{actor.email} {other} {", ACTOR, None) == "{actor.email} {other} {"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | HOSTILE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(JSON)
def test_details_round_trip(detail: object) -> None:
    assert complete_detail(escape_detail(detail), ACTOR, SUBJECT) == detail


def test_details_keep_their_placeholders_and_no_others() -> None:
    detail = {"by": ACTOR_USERNAME, "user": [{"name": SUBJECT_NAME}], "device": "{actor.username}", "n": 3}
    stored = escape_detail(detail)
    assert stored == {**detail, "device": "{{actor.username}}"}
    assert complete_detail(stored, ACTOR, SUBJECT) == {
        "by": "ada@example.com",
        "user": [{"name": "Sam Subject"}],
        "device": "{actor.username}",
        "n": 3,
    }


def test_a_bottomless_detail_comes_back_as_it_is() -> None:
    deep: list[object] = ["{{"]
    for _ in range(5000):
        deep = [deep]
    assert complete_detail(deep, ACTOR, SUBJECT) is deep


def test_secrets_are_masked_without_touching_the_original() -> None:
    invited = {"id": 1, "username": SUBJECT_USERNAME, "activationKey": "live"}
    assert mask(36, invited) == {"id": 1, "username": SUBJECT_USERNAME, "activationKey": MASK}
    assert invited["activationKey"] == "live"
    assert mask(37, {"activationKey": "live"}) == {"activationKey": MASK}
    assert mask(40, {"token": "live"}) == {"token": MASK}
    assert mask(40, {"token": None, "other": "x"}) == {"token": None, "other": "x"}
    assert mask(8, {"token": "an ordinary key"}) == {"token": "an ordinary key"}
    assert MASK == "•" * 6


def test_unknown_types_are_masked_like_all_of_them() -> None:
    ingested = {"activationKey": "live", "token": "live", "id": 1}
    assert mask(99999, ingested) == {"activationKey": MASK, "token": MASK, "id": 1}
    plain: tuple[object, ...] = (None, [], "text", 3)
    for detail in plain:
        assert mask(99999, detail) == detail


def test_dotted_keys_reach_into_objects_and_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = dict(base.registered)
    monkeypatch.setattr(base, "registered", kept)
    monkeypatch.setattr(registry, "registered", kept)
    base.register(
        EventType(
            id=20001, description="A", severity=INFO, source=API, section="Test", texts=single("A"), secrets=("a.key",)
        )
    )
    detail: dict[str, object] = {"a": [{"key": "live"}, {"other": 1}, 7], "key": "open"}
    assert mask(20001, detail) == {"a": [{"key": MASK}, {"other": 1}, 7], "key": "open"}
    assert mask(20001, {"a": "text"}) == {"a": "text"}
