"""The identification vault as bytes: day keys, rows, entries, and the check of them."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.custodians import SEED, a_custodian
from tests.unit.vectors import cases

from parvis.archive import custody, vault
from parvis.archive.record import Header
from parvis.archive.terms import DAY_MS, YEAR_MS, TermKey, TermKind, new_term_key
from parvis.model.audit import VaultSealed
from parvis.model.ids import NO_SESSION, NOBODY, PRESENCE, IdentityId, SessionId
from parvis.model.records import RecordKind, Unsealed

DAY = 20_000 * DAY_MS


def counting() -> Callable[[int], bytes]:
    """Give bytes that differ each time, and are the same in each test."""
    drawn = 0

    def random(count: int) -> bytes:
        nonlocal drawn
        drawn += 1
        return bytes((drawn + at) % 256 for at in range(count))

    return random


def a_key() -> vault.DayKey:
    """Make the key of a day."""
    return vault.new_day_key(TermKind.CONNECTIONS, DAY, counting())


def a_connection(time_ms: int = DAY) -> vault.Connection:
    """Make the entry of a connection."""
    return vault.Connection(
        time_ms=time_ms,
        connection=b"c" * 16,
        address="192.0.2.7",
        port=40_123,
        transport="tls",
        via="direct",
        is_own=True,
        listener="198.51.100.1:6697",
    )


def a_record(kind: RecordKind, connection: bytes, time_ms: int = DAY, message_id: bytes = b"m" * 15) -> Unsealed:
    """Make a record that somebody wrote on a connection."""
    return Unsealed(
        kind,
        time_ms,
        IdentityId(b"i" * 16),
        SessionId(b"s" * 16),
        PRESENCE,
        message_id,
        b"\0\0words",
        connection=connection,
    )


ENTRIES: list[vault.Entry] = [
    a_connection(),
    vault.Presence(time_ms=DAY, connection=b"c" * 16, session=b"s" * 16, identity=b"i" * 16),
    vault.Ended(time_ms=DAY, connection=b"c" * 16),
    vault.Login(time_ms=DAY, connection=b"c" * 16, account=b"i" * 16, mechanism="PLAIN"),
    vault.Registration(time_ms=DAY, connection=b"c" * 16, account=b"i" * 16),
    vault.ClosedAccount(
        time_ms=DAY,
        account=b"i" * 16,
        name="Alice",
        pseudonyms=("Alice", "Al"),
        registered_at_ms=5,
        verifier="v",
        certificates=("00",),
    ),
]


def rows_of(key: vault.DayKey, count: int) -> list[bytes]:
    """Seal some rows."""
    return [vault.seal_row(key, at, vault.pack_rows(ENTRIES)[0], bytes([at]) * 12) for at in range(count)]


def told_of(key: vault.DayKey, rows: list[bytes]) -> VaultSealed:
    """Make what the audit tells of a key."""
    found = vault.digest(rows)
    return VaultSealed(
        key=key.id.hex(),
        kind=key.kind,
        day_ms=key.day_ms,
        rows=found.rows,
        digest=found.hex(),
        ends_ms=key.day_ms + DAY_MS + YEAR_MS,
    )


def test_a_day_key_is_opened_by_the_custodians_alone_and_only_under_its_term_key() -> None:
    """Both layers are needed, each bound to the key, its kind, its day and the custodians."""
    key = a_key()
    term_key = new_term_key(TermKind.CONNECTIONS, YEAR_MS, DAY, counting())
    wrap = vault.wrap_day_key(key, a_custodian(), term_key, b"n" * 12)
    assert key.key not in wrap
    sealed = custody.lift_term(wrap, term_key, key.id)
    private = custody.private_key(SEED)
    info = vault.key_info(key.id, key.kind, key.day_ms, a_custodian().id)
    assert vault.open_day_key(private, sealed, info) == key.key
    others = [
        vault.key_info(b"x" * 16, key.kind, key.day_ms, a_custodian().id),
        vault.key_info(key.id, TermKind.CLOSED_ACCOUNTS, key.day_ms, a_custodian().id),
        vault.key_info(key.id, key.kind, key.day_ms + DAY_MS, a_custodian().id),
        vault.key_info(key.id, key.kind, key.day_ms, b"x" * 16),
    ]
    for other in others:
        with pytest.raises(custody.UnopenedCustody):
            vault.open_day_key(private, sealed, other)
    with pytest.raises(custody.UnopenedCustody):
        vault.open_day_key(custody.private_key(bytes(32)), sealed, info)
    another = new_term_key(TermKind.CONNECTIONS, YEAR_MS, DAY, lambda count: b"\x55" * count)
    with pytest.raises(custody.UnopenedCustody):
        custody.lift_term(wrap, another, key.id)


def test_entries_are_read_as_they_were_written() -> None:
    """Each kind of entry comes back out of a sealed row, in order."""
    key = a_key()
    (plaintext,) = vault.pack_rows(ENTRIES)
    row = vault.seal_row(key, 3, plaintext, b"n" * 12)
    assert vault.read_entries(vault.open_row(key.key, key.id, row)) == ENTRIES
    assert vault.number_of(row) == 3


def test_entries_are_parted_by_kind_of_term_and_day() -> None:
    """However they are mixed, each goes under its own key, in its order."""
    moved = [msgspec.structs.replace(entry, time_ms=DAY + DAY_MS) for entry in ENTRIES]
    plain, closed = ENTRIES[:-1], ENTRIES[-1:]
    assert vault.by_place(plain) == {(TermKind.CONNECTIONS, DAY): plain}
    assert vault.by_place(closed) == {(TermKind.CLOSED_ACCOUNTS, DAY): closed}
    mixed = [entry for pair in zip(ENTRIES, moved, strict=True) for entry in pair]
    assert vault.by_place(mixed) == {
        (TermKind.CONNECTIONS, DAY): plain,
        (TermKind.CONNECTIONS, DAY + DAY_MS): moved[:-1],
        (TermKind.CLOSED_ACCOUNTS, DAY): closed,
        (TermKind.CLOSED_ACCOUNTS, DAY + DAY_MS): moved[-1:],
    }


def test_a_row_opens_in_its_place_alone() -> None:
    """The number and the key are bound into it: what is moved or changed does not open."""
    key = a_key()
    row = vault.seal_row(key, 3, vault.pack_rows(ENTRIES)[0], b"n" * 12)
    changed = [b"\0\0\0\x04" + row[4:], row[:-1] + bytes([row[-1] ^ 1]), row[:20], b""]
    for other in changed:
        with pytest.raises(vault.UnopenedVault):
            vault.open_row(key.key, key.id, other)
    with pytest.raises(vault.UnopenedVault):
        vault.open_row(key.key, b"x" * 16, row)
    with pytest.raises(vault.UnopenedVault):
        vault.open_row(bytes(32), key.id, row)


def test_a_long_row_is_cut_in_several() -> None:
    """Entries are packed in order, and no row is much longer than the bound."""
    many: list[vault.Entry] = [a_connection(DAY + at) for at in range(2000)]
    rows = vault.pack_rows(many)
    assert len(rows) > 1
    assert all(len(row) <= vault.ROW_BYTES_MAX + 8 for row in rows)
    assert [entry for row in rows for entry in vault.read_entries(row)] == many
    assert vault.pack_rows([]) == []


def test_operations_name_number_time_kind_message_and_connection() -> None:
    """One for each record by which a person makes others read something; the server's own and joins are none."""
    records = [
        a_record(RecordKind.MESSAGE, b"a" * 16, DAY + 5, b"1" * 15),
        a_record(RecordKind.JOINED, b"a" * 16, DAY + 6),
        a_record(RecordKind.MESSAGE, b"", DAY + 6),
        a_record(RecordKind.REDACTED, b"b" * 16, DAY + 4, b"2" * 15),
        a_record(RecordKind.TOPIC, b"a" * 16, DAY + 7, b"3" * 15),
    ]
    (entry,) = vault.operations(100, records)
    found = list(vault.operations_of(entry))
    assert [(each.number, each.time_ms - DAY, each.nature) for each in found] == [
        (100, 5, "post"),
        (103, 4, "delete"),
        (104, 7, "edit"),
    ]
    assert [each.message_id for each in found] == [b"1" * 15, b"2" * 15, b"3" * 15]
    assert [each.connection for each in found] == [b"a" * 16, b"b" * 16, b"a" * 16]
    assert {each.session for each in found} == {None}
    (row,) = vault.pack_rows([entry])
    assert vault.read_entries(row) == [entry]
    assert vault.operations(1, records[1:3]) == []


def test_operations_are_cut_at_midnight_and_at_their_bound() -> None:
    """Each entry lies under the key of its day: what came after midnight must not end with the day before."""
    spoken = [a_record(RecordKind.MESSAGE, b"a" * 16, DAY + at * DAY_MS // 1500) for at in range(3000)]
    entries = vault.operations(7, spoken)
    assert [len(entry.numbers) for entry in entries] == [1024, 476, 1024, 476]
    assert [entry.time_ms // DAY_MS * DAY_MS for entry in entries] == [DAY, DAY, DAY + DAY_MS, DAY + DAY_MS]
    assert [each.number for entry in entries for each in vault.operations_of(entry)] == list(range(7, 3007))


def test_after_a_run_that_was_killed_sessions_stand_for_connections() -> None:
    """What is stored of a record says whose session it was; the server's own acts are none."""
    whose = [(5, SessionId(b"s" * 16)), (6, NO_SESSION)]
    headers = [
        (
            number,
            Header(
                kind=RecordKind.MESSAGE,
                run=1,
                counter=number,
                time_ms=DAY,
                author=NOBODY,
                session=session,
                conversation=PRESENCE,
                content_key=bytes(16),
                message_id=b"m" * 15,
            ),
        )
        for number, session in whose
    ]
    (entry,) = vault.operations_of_sessions(headers)
    (found,) = vault.operations_of(entry)
    assert (found.number, found.connection, found.session) == (5, None, b"s" * 16)


def test_every_kind_of_record_was_thought_of() -> None:
    """Coming, the server's own accounts of things and decisions are no content; everything else is."""
    no_content = {
        *(RecordKind.RUN_STARTED, RecordKind.ENTERED, RecordKind.JOINED, RecordKind.ROLL_CALL, RecordKind.AUDIT),
        *(RecordKind.HOST_CHANGED, RecordKind.DECISION, RecordKind.ACCOUNT),
    }
    assert {kind for kind in RecordKind if not vault.IS_OPERATION[kind]} == no_content


@pytest.mark.parametrize(
    "change",
    [
        {"kinds": b""},
        {"kinds": b"\xff"},
        {"messages": b"short"},
        {"carriers": b""},
        {"times": []},
    ],
)
def test_columns_that_do_not_fit_are_not_read(change: dict[str, object]) -> None:
    """A row that another program wrote wrong is refused whole."""
    (entry,) = vault.operations(1, [a_record(RecordKind.MESSAGE, b"a" * 16)])
    (row,) = vault.pack_rows([msgspec.structs.replace(entry, **change)])
    with pytest.raises(vault.UnopenedVault):
        vault.read_entries(row)


def test_what_nests_without_end_is_refused() -> None:
    """However deep what stands under a key that nobody knows."""
    with pytest.raises(vault.UnopenedVault):
        vault.read_entries(b"\x91\x81\xa1x" + b"\x91" * 100_000 + b"\xc0")


@given(st.binary(max_size=200))
def test_bytes_that_are_no_entries_are_refused(raw: bytes) -> None:
    """Nothing but a known layout is read, and nothing else is raised."""
    try:
        vault.read_entries(raw)
    except vault.UnopenedVault:
        return
    assert raw in (b"\x90", b"\xdc\0\0", b"\xdd\0\0\0\0")


def test_what_was_removed_changed_or_reordered_is_noticed() -> None:
    """The audit tells how many rows there are and their digest; numbers show what lacks before that."""
    key = a_key()
    rows = rows_of(key, 4)
    told = [told_of(key, rows)]
    now_ms = DAY + DAY_MS
    assert vault.vault_problems([(key.id, rows)], told, now_ms) == []
    # A commit whose answer was lost wrote two of them again.
    assert vault.vault_problems([(key.id, [*rows, *rows[2:]])], told, now_ms) == []
    changed = rows[1][:-1] + bytes([rows[1][-1] ^ 1])
    for wrong in (rows[:-1], [rows[0], changed, *rows[2:]], [*rows, vault.seal_row(key, 4, b"\x90", b"n" * 12)]):
        (problem,) = vault.vault_problems([(key.id, wrong)], told, now_ms)
        assert key.id.hex() in problem
    for gap in ([rows[0], *rows[2:]], [rows[1], rows[0], *rows[2:]], rows[1:]):
        (problem,) = vault.vault_problems([(key.id, gap)], told, now_ms)
        assert "lacks its row" in problem
        # It is seen before the audit tells of the key, too.
        assert len(vault.vault_problems([(key.id, gap)], [], now_ms)) == 1
    (problem,) = vault.vault_problems([], told, now_ms)
    assert "is gone" in problem


def test_what_has_ended_may_be_gone_whole_or_in_part() -> None:
    """Rows are dropped in parts after the term has ended."""
    key = a_key()
    rows = rows_of(key, 4)
    told = [told_of(key, rows)]
    assert vault.vault_problems([(key.id, rows[2:])], told, told[0].ends_ms) == []
    assert vault.vault_problems([], told, told[0].ends_ms) == []


def test_nothing_that_is_kept_shows_in_a_repr() -> None:
    """Addresses, names and keys stand in no log."""
    key = a_key()
    for entry in ENTRIES:
        assert repr(entry) == f"{type(entry).__name__}()"
    assert repr(key) == f"DayKey({key.id.hex()})"
    assert repr(a_record(RecordKind.MESSAGE, NOBODY)) == "Unsealed(MESSAGE)"


@pytest.mark.parametrize(**cases("vault.json", "key"))
def test_vectors_of_day_keys(case: dict[str, Any]) -> None:
    """Any program with the seed and the term key opens them. Source: vectors/vault.json."""
    key_id, custodian = bytes.fromhex(case["id"]), bytes.fromhex(case["custodian"])
    info = vault.key_info(key_id, case["kind"], case["day_ms"], custodian)
    assert info.hex() == case["info"]
    term_key = TermKey(
        id=bytes.fromhex(case["term_key_id"]),
        kind=TermKind(case["kind"]),
        term_ms=YEAR_MS,
        begins_ms=case["day_ms"],
        key=bytes.fromhex(case["term_key"]),
    )
    sealed = custody.lift_term(bytes.fromhex(case["wrap"]), term_key, key_id)
    private = custody.private_key(bytes.fromhex(case["seed"]))
    assert vault.open_day_key(private, sealed, info).hex() == case["key"]


@pytest.mark.parametrize(**cases("vault.json", "rows"))
def test_vectors_of_rows(case: dict[str, Any]) -> None:
    """Entries, their plaintext and its sealed form. Source: vectors/vault.json."""
    key = vault.DayKey(
        id=bytes.fromhex(case["key_id"]), kind=TermKind.CONNECTIONS, day_ms=DAY, key=bytes.fromhex(case["key"])
    )
    plaintext = vault.open_row(key.key, key.id, bytes.fromhex(case["sealed"]))
    assert plaintext.hex() == case["plaintext"]
    entries = vault.read_entries(plaintext)
    shown = [msgspec.to_builtins(entry, builtin_types=(bytes,)) for entry in entries]
    assert [
        {name: value.hex() if isinstance(value, bytes) else value for name, value in each.items()} for each in shown
    ] == case["entries"]
    assert [row.hex() for row in vault.pack_rows(entries)] == [case["plaintext"]]
    sealed = vault.seal_row(key, case["number"], plaintext, bytes.fromhex(case["nonce"]))
    assert sealed.hex() == case["sealed"]


@pytest.mark.parametrize(**cases("vault.json", "digest"))
def test_vectors_of_digests(case: dict[str, Any]) -> None:
    """What the audit tells of rows. Source: vectors/vault.json."""
    found = vault.digest(bytes.fromhex(row) for row in case["sealed"])
    assert (found.rows, found.hex()) == (case["rows"], case["digest"])
